import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const START_TRIES = 4
const START_LOOKS = 600

const isPresent = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0

/** Needs root, dockerd (package docker.io) and ip (iproute2). */
export const canRunDocker = (): boolean => process.getuid?.() === 0 && isPresent('dockerd') && isPresent('ip')

/**
 * A dockerd of a test's own: private socket, data and exec directories below one temporary directory, a bridge and an
 * address pool of its own. `halt` ends only the daemon, `start` brings it back, `stop` removes all it had.
 */
export class DockerEngine {
  readonly directory = mkdtempSync(join(tmpdir(), 'taskport-docker-'))
  readonly socket = join(this.directory, 'docker.sock')
  readonly address = `unix://${this.socket}`
  readonly #number = process.pid % 4096
  readonly #bridge = `tpd${this.#number}`
  readonly #more: readonly string[]
  #daemon: ChildProcess | undefined

  private constructor(more: readonly string[]) {
    this.#more = more
  }

  /** `more`: flags of dockerd. With `--live-restore` containers outlive a daemon that is killed. */
  static async open(...more: readonly string[]): Promise<DockerEngine> {
    const engine = new DockerEngine(more)
    engine.#makeBridge()
    await engine.start()
    return engine
  }

  /** Two daemons that start at once may stand in each other's way (iptables: "Chain already exists"): tried again. */
  async start(): Promise<void> {
    for (let tries = 1; !(await this.#tryStart()); tries++)
      if (tries === START_TRIES) throw new Error(`dockerd does not start:\n${this.#lastWords()}`)
  }

  async #tryStart(): Promise<boolean> {
    // A containerd that died with a killed daemon counts as alive for the next one while nobody has reaped it.
    rmSync(join(this.directory, 'exec', 'containerd', 'containerd.pid'), { force: true })
    const log = openSync(join(this.directory, 'log'), 'a')
    const daemon = spawn('dockerd', this.#flags(), { stdio: ['ignore', log, log], detached: true })
    this.#daemon = daemon
    closeSync(log)
    for (let looks = 0; daemon.exitCode === null && looks < START_LOOKS; looks++) {
      if (await answers(this.socket)) return true
      await delay(50)
    }
    await this.halt('SIGKILL')
    return false
  }

  #lastWords(): string {
    return readFileSync(join(this.directory, 'log'), 'utf8').slice(-2000)
  }

  /** Ends the daemon alone, as asked or without a word. */
  async halt(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const daemon = this.#daemon
    if (daemon === undefined || daemon.exitCode !== null || daemon.signalCode !== null) return
    const ended = new Promise((resolve) => daemon.once('exit', resolve))
    daemon.kill(signal)
    await ended
  }

  async stop(): Promise<void> {
    await this.halt()
    this.#endContainerd()
    spawnSync('ip', ['link', 'delete', this.#bridge])
    for (const path of mountsBelow(this.directory)) spawnSync('umount', ['-l', path])
    rmSync(this.directory, { recursive: true, force: true })
  }

  #flags(): string[] {
    return [
      ...[
        '--host',
        this.address,
        '--data-root',
        join(this.directory, 'data'),
        '--exec-root',
        join(this.directory, 'exec'),
      ],
      ...['--pidfile', join(this.directory, 'pid'), '--bridge', this.#bridge, '--default-ulimit', 'nofile=1024:4096'],
      ...['--default-address-pool', `base=10.${128 + (this.#number % 64)}.0.0/16,size=26`],
      ...this.#more,
    ]
  }

  #makeBridge(): void {
    const address = `10.${192 + (this.#number >> 6)}.${this.#number % 64}.1/24`
    for (const args of [
      ['link', 'add', this.#bridge, 'type', 'bridge'],
      ['addr', 'add', address, 'dev', this.#bridge],
      ['link', 'set', this.#bridge, 'up'],
    ])
      spawnSync('ip', args)
  }

  /** A daemon that was killed leaves its containerd and the shims of its containers. */
  #endContainerd(): void {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      const command = commandOf(pid)
      if (command.includes(this.directory) && /containerd/.test(command)) process.kill(Number(pid), 'SIGKILL')
    }
  }
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

const mountsBelow = (directory: string): string[] =>
  readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => path.startsWith(directory))
    .reverse()

export function answers(socketPath: string): Promise<boolean> {
  if (!existsSync(socketPath)) return Promise.resolve(false)
  return new Promise<boolean>((resolve) => {
    const asked = request({ socketPath, path: '/_ping', timeout: 1000 }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    asked.on('error', () => resolve(false))
    asked.end()
  })
}
