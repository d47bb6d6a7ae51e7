/** The real cf CLI (scripts/cf-clients.mjs), with a home of its own that ends with it. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cfCli } from '../../scripts/cf-clients.mjs'
import type { CfWorld } from './cf-world.ts'
import { eventually } from './taskport-process.ts'

const run = promisify(execFile)
const PATIENCE_MS = 60_000

/** The program, or nothing, and then why on stderr. Built by `node scripts/cf-clients.mjs` or `npm test`. */
export function foundCfCli(): string | undefined {
  try {
    return cfCli({ build: false })
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    return undefined
  }
}

export class CfCommand {
  readonly home = mkdtempSync(join(tmpdir(), 'taskport-cf-home-'))
  /** Further variables of every command (`CF_DOCKER_PASSWORD`). */
  readonly environment: Readonly<Record<string, string>>
  readonly #program: string
  readonly #children: ChildProcess[] = []

  constructor(program: string, environment: Readonly<Record<string, string>> = {}) {
    this.#program = program
    this.environment = environment
  }

  /** Logged in as the world's first user, with the only org and space as target: what a new user does. */
  static async loggedIn(
    program: string,
    world: CfWorld,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<CfCommand> {
    const command = new CfCommand(program, environment)
    await command.run('login', '-a', world.url, '-u', world.username, '-p', world.password)
    return command
  }

  get #options(): { readonly cwd: string; readonly env: NodeJS.ProcessEnv } {
    const env = { PATH: process.env.PATH, HOME: this.home, CF_HOME: this.home, CF_COLOR: 'false', ...this.environment }
    return { cwd: this.home, env }
  }

  /** What the command prints, errors too. */
  async run(...args: readonly string[]): Promise<string> {
    const { stdout, stderr } = await run(this.#program, args, { ...this.#options, timeout: PATIENCE_MS })
    return stdout + stderr
  }

  /** What the command says when it fails, as it must. */
  async refused(...args: readonly string[]): Promise<string> {
    const said = await this.run(...args).then(
      (output) => ({ output, taken: true }),
      (error: { stdout: string; stderr: string }) => ({ output: error.stdout + error.stderr, taken: false }),
    )
    if (said.taken) throw new Error(`cf ${args.join(' ')} was to fail, and said: ${said.output}`)
    return said.output
  }

  /** The JSON document that `cf curl` prints. */
  // biome-ignore lint/suspicious/noExplicitAny: replies are compared by the tests, field by field
  async curl(...args: readonly string[]): Promise<any> {
    return JSON.parse(await this.run('curl', ...args))
  }

  /** A command that goes on, and what it has printed so far. */
  start(...args: readonly string[]): { readonly output: () => string } {
    const child = spawn(this.#program, args, { ...this.#options, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#children.push(child)
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    return { output: () => output }
  }

  /** The number in the reply to `cf run-task`, once `cf tasks` shows the task ended; with the state it shows. */
  async runTask(app: string, ...args: readonly string[]): Promise<{ readonly id: string; readonly state: string }> {
    const id = /task id:\s+(\d+)/.exec(await this.run('run-task', app, ...args))![1]!
    return { id, state: await this.stateOf(app, id) }
  }

  /** SUCCEEDED or FAILED, as soon as `cf tasks` shows it. */
  stateOf(app: string, id: string): Promise<string> {
    return eventually(`task ${id} of ${app} has ended`, async () => {
      const line = (await this.run('tasks', app)).split('\n').find((one) => one.startsWith(`${id} `))
      return /\b(SUCCEEDED|FAILED)\b/.exec(line ?? '')?.[1]
    })
  }

  /** Its access token says that it was good until just now, as one does after 20 minutes. */
  expireToken(): void {
    const path = join(this.home, '.cf/config.json')
    const config = JSON.parse(readFileSync(path, 'utf8'))
    const [head, body, signature] = config.AccessToken.replace(/^bearer /, '').split('.')
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString())
    const expired = { ...claims, exp: Math.floor(Date.now() / 1_000) - 10 }
    const changed = Buffer.from(JSON.stringify(expired)).toString('base64url')
    writeFileSync(path, JSON.stringify({ ...config, AccessToken: `bearer ${head}.${changed}.${signature}` }))
  }

  end(): void {
    for (const child of this.#children) child.kill()
    rmSync(this.home, { recursive: true, force: true })
  }
}
