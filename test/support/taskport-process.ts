/** The real command in real processes: a server in a temporary directory, and clients of it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const COMMAND = fileURLToPath(new URL('../../bin/taskport.js', import.meta.url))
const LOOK_MS = 20
const PATIENCE_MS = 60_000

export interface Finished {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A command that runs; what it wrote so far, and what became of it. */
export interface Running {
  readonly process: ChildProcess
  readonly stdout: () => string
  readonly stderr: () => string
  readonly finished: Promise<Finished>
}

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>
  readonly stdin?: string
  readonly directory?: string
}

/** Starts `taskport ARGS` without a terminal. */
export function startTaskport(args: readonly string[], options: RunOptions = {}): Running {
  const child = spawn(process.execPath, [COMMAND, ...args], {
    cwd: options.directory ?? tmpdir(),
    env: { PATH: process.env.PATH, HOME: tmpdir(), ...options.environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const out = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    out.stderr += text
  })
  child.stdin.on('error', () => undefined)
  child.stdin.end(options.stdin ?? '')
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, ...out }))
  })
  return { process: child, stdout: () => out.stdout, stderr: () => out.stderr, finished }
}

/** Asks again until the answer is no longer undefined or false; fails with `what` after a while. */
export async function eventually<T>(
  what: string,
  ask: () => T | Promise<T>,
  patienceMs = PATIENCE_MS,
): Promise<NonNullable<T>> {
  for (const deadline = Date.now() + patienceMs; Date.now() < deadline; await sleep(LOOK_MS)) {
    const answer = await ask()
    if (answer !== undefined && answer !== false && answer !== null) return answer as NonNullable<T>
  }
  throw new Error(`waited ${patienceMs} ms in vain: ${what}`)
}

/** A server with a data directory of its own, and commands that are pointed at it. */
export class TaskportProcess {
  readonly dataDirectory = mkdtempSync(join(tmpdir(), 'taskport-journey-'))
  #server: Running | undefined

  /** Starts it, also again after it was ended or killed. Resolves when it is ready. */
  async up(args: readonly string[] = []): Promise<void> {
    const server = startTaskport(['up', '--port', '0', '--data-dir', this.dataDirectory, ...args])
    this.#server = server
    let ended: Finished | undefined
    void server.finished.then((how) => {
      ended = how
    })
    await eventually('the server is ready', () => {
      if (ended) throw new Error(`the server ended: ${ended.stdout}${ended.stderr}`)
      return this.#facts()?.pid === server.process.pid
    })
  }

  get server(): Running {
    if (!this.#server) throw new Error('the server was never started')
    return this.#server
  }

  get url(): string {
    return this.#facts()!.url
  }

  start(args: readonly string[], options: RunOptions = {}): Running {
    const environment = { TASKPORT_DATA_DIR: this.dataDirectory, ...options.environment }
    return startTaskport(args, { ...options, environment })
  }

  run(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
    return this.start(args, options).finished
  }

  /** The document that a command prints with --format json. */
  async json<Document>(args: readonly string[]): Promise<Document> {
    const { code, stdout, stderr } = await this.run([...args, '--format', 'json'])
    if (code !== 0) throw new Error(`taskport ${args.join(' ')} exited with ${code}: ${stderr}`)
    return JSON.parse(stdout) as Document
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.server.process.kill('SIGKILL')
    await this.server.finished
  }

  /** Ends the server and every task it left, and removes the directory. */
  async end(): Promise<void> {
    await this.run(['down', '--kill', '--data-dir', this.dataDirectory])
    rmSync(this.dataDirectory, { recursive: true, force: true })
  }

  #facts(): { readonly pid: number; readonly url: string } | undefined {
    try {
      return JSON.parse(readFileSync(join(this.dataDirectory, 'server.json'), 'utf8'))
    } catch {
      return undefined
    }
  }
}
