import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { answers } from './docker-engine.ts'

const START_LOOKS = 200

const isPresent = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0

/** Needs root, podman and runc. */
export const canRunPodman = (): boolean => process.getuid?.() === 0 && isPresent('podman') && isPresent('runc')

/** Podman's API service of a test's own, with runc and cgroupfs; everything below one temporary directory. */
export class PodmanEngine {
  readonly directory = mkdtempSync(join(tmpdir(), 'taskport-podman-'))
  readonly socket = join(this.directory, 'podman.sock')
  readonly address = `unix://${this.socket}`
  #service: ChildProcess | undefined

  static async open(): Promise<PodmanEngine> {
    const engine = new PodmanEngine()
    engine.#configure()
    await engine.#start()
    return engine
  }

  async stop(): Promise<void> {
    spawnSync('podman', [...this.#flags(), 'rm', '--all', '--force', '--time', '0'], { env: this.#environment() })
    const service = this.#service
    if (service !== undefined && service.exitCode === null) {
      const ended = new Promise((resolve) => service.once('exit', resolve))
      service.kill('SIGTERM')
      await ended
    }
    for (const path of mountsBelow(this.directory)) spawnSync('umount', ['-l', path])
    rmSync(this.directory, { recursive: true, force: true })
  }

  async #start(): Promise<void> {
    const log = openSync(join(this.directory, 'log'), 'a')
    const args = [...this.#flags(), 'system', 'service', '--time', '0', this.address]
    const service = spawn('podman', args, { stdio: ['ignore', log, log], detached: true, env: this.#environment() })
    this.#service = service
    closeSync(log)
    for (let looks = 0; looks < START_LOOKS && service.exitCode === null; looks++) {
      if (await answers(this.socket)) return
      await delay(50)
    }
    throw new Error(`podman does not start:\n${readFileSync(join(this.directory, 'log'), 'utf8').slice(-2000)}`)
  }

  #flags(): string[] {
    return [
      ...['--root', join(this.directory, 'root'), '--runroot', join(this.directory, 'run')],
      ...['--tmpdir', join(this.directory, 'tmp'), '--network-config-dir', join(this.directory, 'networks')],
      ...['--runtime', 'runc', '--cgroup-manager', 'cgroupfs', '--events-backend', 'file'],
    ]
  }

  #configure(): void {
    mkdirSync(join(this.directory, 'networks'))
    writeFileSync(
      join(this.directory, 'containers.conf'),
      '[containers]\ninit_path = "/usr/bin/catatonit"\n[engine]\nhelper_binaries_dir = ["/usr/lib/podman", "/usr/libexec/podman", "/usr/bin"]\n',
    )
    writeFileSync(join(this.directory, 'policy.json'), '{"default":[{"type":"insecureAcceptAnything"}]}')
  }

  #environment(): NodeJS.ProcessEnv {
    return { ...process.env, CONTAINERS_CONF: join(this.directory, 'containers.conf') }
  }
}

const mountsBelow = (directory: string): string[] =>
  readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => path.startsWith(directory))
    .reverse()
