/** A real server for benchmarks: its own process, its own data directory, the cells it starts; and what they cost. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { clientEnvironment } from '../../src/server/environment.ts'
import { RawClient } from './raw-client.ts'

const COMMAND = fileURLToPath(new URL('../../bin/taskport.js', import.meta.url))
const START_MS = 30_000
const TICKS_PER_SECOND = 100

export interface BenchServerOptions {
  readonly flags?: readonly string[]
  /** Hides the machine's control groups from the server. Needs root. */
  readonly withoutCgroups?: boolean
  /** Fills the empty data directory before the start. */
  readonly prepare?: (dataDirectory: string) => void
}

export class BenchServer {
  readonly dataDirectory = mkdtempSync(join(tmpdir(), 'taskport-bench-'))
  readonly #process: ChildProcess
  #url = ''
  #token = ''
  /** From the start of its process until it was ready, ms. */
  startMs = 0

  private constructor(options: BenchServerOptions) {
    options.prepare?.(this.dataDirectory)
    const nodeOptions = (process.env.BENCH_NODE_OPTIONS ?? '').split(' ').filter(Boolean)
    const flags = ['--port', '0', '--data-dir', this.dataDirectory, '--log-level', 'error', ...(options.flags ?? [])]
    const line = [process.execPath, ...nodeOptions, COMMAND, 'up', ...flags]
    const hidden = ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs none /sys/fs/cgroup && exec "$@"', 'sh', ...line]
    const [program, ...args] = options.withoutCgroups ? hidden : line
    this.#process = spawn(program!, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  }

  static async start(options: BenchServerOptions = {}): Promise<BenchServer> {
    const server = new BenchServer(options)
    const began = performance.now()
    const path = join(server.dataDirectory, 'server.json')
    for (let waited = 0; !existsSync(path); waited += 5) {
      if (waited > START_MS || server.#process.exitCode !== null) throw new Error('the server did not start')
      await sleep(5)
    }
    server.startMs = performance.now() - began
    server.#url = (JSON.parse(readFileSync(path, 'utf8')) as { url: string }).url
    const environment = await clientEnvironment({ url: server.#url, dataDirectory: server.dataDirectory })
    server.#token = environment.TASKPORT_TOKEN!
    return server
  }

  get url(): string {
    return this.#url
  }

  get token(): string {
    return this.#token
  }

  get pid(): number {
    return this.#process.pid!
  }

  client(connections: number): RawClient {
    return new RawClient(this.#url, { authorization: `Bearer ${this.#token}` }, connections)
  }

  cells(): readonly number[] {
    const directory = join(this.dataDirectory, 'process', 'cells')
    return readdirSync(directory).flatMap((name) => {
      try {
        return [(JSON.parse(readFileSync(join(directory, name, 'identity'), 'utf8')) as { pid: number }).pid]
      } catch {
        return []
      }
    })
  }

  /** User and system time of the server's process, all threads, µs. */
  cpuMicros(): number {
    return cpuMicrosOf(this.pid)
  }

  cellCpuMicros(): number {
    return this.cells().reduce((sum, pid) => sum + cpuMicrosOf(pid), 0)
  }

  /** Proportional memory of the server and its cells, bytes. */
  memoryBytes(): number {
    return [this.pid, ...this.cells()].reduce((sum, pid) => sum + pssOf(pid), 0)
  }

  /** Resident memory of the server alone, bytes. */
  rssBytes(): number {
    return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))![1]) * 1_024
  }

  /** One of the server's own figures. Reading them begins a new period for those of the event loop. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`${this.#url}/metrics`)).text()
    return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text)?.[1])
  }

  async end(): Promise<void> {
    const gone = new Promise((resolve) => this.#process.once('exit', resolve))
    if (this.#process.exitCode === null) {
      this.#process.kill('SIGQUIT')
      await gone
    }
    rmSync(this.dataDirectory, { recursive: true, force: true, maxRetries: 5 })
  }
}

function cpuMicrosOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1_000_000
}

function pssOf(pid: number): number {
  return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) * 1_024
}
