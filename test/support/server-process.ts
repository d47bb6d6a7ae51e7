/**
 * A real server in a real process on a port of its own, with a temporary data directory: started, killed, started
 * again. Owns the server, its cells and everything that tasks leave behind; `end` removes all of it.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { groupOf } from '../../src/executors/process/cgroup/cgroup-v1.ts'
import { identityOf, isSameProcess } from '../../src/executors/process-identity.ts'
import { clientEnvironment } from '../../src/server/environment.ts'
import { NativeClient } from './native-client.ts'
import { describeStuck } from './stuck-process.ts'
import { eventually, type Running, startTaskport } from './taskport-process.ts'

export interface ServerOptions {
  /** Flags of `taskport up`, beside port and data directory. */
  readonly flags?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** How long it may take to be ready, ms. */
  readonly readyMs?: number
  /** Given: not made, and not removed at the end. */
  readonly dataDirectory?: string
}

export class ServerProcess {
  readonly dataDirectory: string
  readonly #options: ServerOptions
  readonly #cellsSeen = new Set<string>()
  #running: Running | undefined
  #url = ''
  #token = ''
  #errors = ''

  private constructor(options: ServerOptions) {
    this.#options = options
    this.dataDirectory = options.dataDirectory ?? mkdtempSync(join(tmpdir(), 'taskport-server-'))
  }

  static async start(options: ServerOptions = {}): Promise<ServerProcess> {
    const server = new ServerProcess(options)
    await server.start()
    return server
  }

  get url(): string {
    return this.#url
  }

  /** The operator's token. */
  get token(): string {
    return this.#token
  }

  get pid(): number {
    return this.#running!.process.pid!
  }

  /** The operator's client: holds every answer against the contract. */
  get api(): NativeClient {
    return new NativeClient(this.#url, this.#token)
  }

  /** All that servers of this directory wrote to stderr so far. */
  get errors(): string {
    return this.#errors + (this.#running?.stderr() ?? '')
  }

  /** Starts it, also again after it ended. Resolves when it answers. */
  async start(): Promise<void> {
    const args = ['up', '--port', '0', '--data-dir', this.dataDirectory, ...(this.#options.flags ?? [])]
    const running = startTaskport(args, { environment: this.#options.environment ?? {} })
    this.#running = running
    let ended = false
    void running.finished.then(() => {
      ended = true
    })
    const ready = (): { readonly url: string } | undefined => {
      if (ended) throw new Error(`the server ended: ${running.stdout()}${running.stderr()}`)
      const found = this.#facts()
      return found?.pid === running.process.pid ? found : undefined
    }
    const facts = await eventually('the server is ready', ready, this.#options.readyMs).catch((error: unknown) => {
      if (ended) throw error
      const cells = namesIn(join(this.dataDirectory, 'process', 'cells')).join(' ')
      const says = `${this.errors.slice(-4_000)}\n${describeStuck(running.process.pid!)}\ncells: ${cells}`
      throw new Error(`${(error as Error).message}; it says: ${says}`)
    })
    this.#url = facts.url
    const environment = await clientEnvironment({ url: this.#url, dataDirectory: this.dataDirectory })
    this.#token = environment.TASKPORT_TOKEN!
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.#running!.process.kill('SIGKILL')
    await this.#gone()
  }

  /** What runs goes on. */
  async stop(signal: 'SIGTERM' | 'SIGQUIT' = 'SIGTERM'): Promise<void> {
    this.#running!.process.kill(signal)
    await this.#gone()
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  /** A client that acts for a tenant, with a token minted for it. */
  async clientOf(tenant: string): Promise<NativeClient> {
    return new NativeClient(this.#url, await this.tokenOf(tenant))
  }

  async tokenOf(tenant: string): Promise<string> {
    const { body } = await this.api.call('createToken', { body: { face: 'native', tenant } })
    return body.secret
  }

  /** Pids of the cells that live now. */
  cells(): readonly number[] {
    const directory = join(this.dataDirectory, 'process', 'cells')
    if (!existsSync(directory)) return []
    return readdirSync(directory).flatMap((name) => {
      this.#cellsSeen.add(name.replace(/\.dead$/, ''))
      const identity = identityOf(join(directory, name))
      return identity && isSameProcess(identity) ? [identity.pid] : []
    })
  }

  /** Control groups of any cell this directory ever had (as far as `cells` saw it). */
  cgroups(): readonly string[] {
    this.cells()
    const roots = ['/sys/fs/cgroup', ...namesIn('/sys/fs/cgroup').map((name) => `/sys/fs/cgroup/${name}`)]
    const groups = [...this.#cellsSeen].flatMap((cell) => roots.map((root) => join(root, groupOf(cell))))
    return groups.filter((group) => existsSync(group))
  }

  /** What allocations hold on the disk. */
  workspaces(): readonly string[] {
    return namesIn(join(this.dataDirectory, 'process', 'allocations'))
  }

  /** Ends the server with every task and cell, whatever state it is in, and removes the directory. */
  async end(): Promise<void> {
    if (this.#running && this.#running.process.exitCode === null && this.#running.process.signalCode === null)
      await this.stop('SIGQUIT')
    for (const pid of this.cells()) process.kill(pid, 'SIGKILL')
    if (this.#options.dataDirectory === undefined)
      rmSync(this.dataDirectory, { recursive: true, force: true, maxRetries: 5 })
  }

  async #gone(): Promise<void> {
    const { stderr } = await this.#running!.finished
    this.#errors += stderr
    this.#running = undefined
  }

  #facts(): { readonly pid: number; readonly url: string } | undefined {
    try {
      return JSON.parse(readFileSync(join(this.dataDirectory, 'server.json'), 'utf8'))
    } catch {
      return undefined
    }
  }
}

/** Processes that carry `name=value` in their environment. */
export function processesWith(
  name: string,
  value?: string,
): readonly { readonly pid: number; readonly value: string }[] {
  const found: { readonly pid: number; readonly value: string }[] = []
  for (const pid of namesIn('/proc').map(Number).filter(Number.isInteger)) {
    const environment = readQuietly(`/proc/${pid}/environ`)
    const entry = environment.split('\0').find((one) => one.startsWith(`${name}=`))
    if (entry === undefined || /\) Z /.test(readQuietly(`/proc/${pid}/stat`))) continue
    const actual = entry.slice(name.length + 1)
    if (value === undefined || actual === value) found.push({ pid, value: actual })
  }
  return found
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
