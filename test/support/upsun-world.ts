/** A real server in a process of its own, and the vendor's unmodified command line pointed at it. */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Finished } from './taskport-process.ts'
import { TaskportProcess } from './taskport-process.ts'

const CLI = fileURLToPath(new URL('../../node_modules/@upsun/cli-linux-x64/bin/upsun', import.meta.url))

/** The package exists for one platform only. */
export const hasUpsunCli = existsSync(CLI)

export interface Activity {
  readonly id: string
  readonly type: string
  readonly state: string
  readonly result: string | null
  readonly failure_reason: string | null
  readonly completion_percent: number
  readonly started_at: string | null
  readonly cancelled_at: string | null
  readonly timings: Readonly<Record<string, number>>
  readonly commands: readonly { readonly app: string; readonly type: string; readonly exit_code: number }[]
  readonly payload: { readonly task?: string; readonly taskport: Readonly<Record<string, unknown>> }
  readonly _links: Readonly<Record<string, { readonly href: string }>>
}

export class UpsunWorld {
  readonly server = new TaskportProcess()
  readonly home = mkdtempSync(join(tmpdir(), 'upsun-journey-'))
  variables: Readonly<Record<string, string>> = {}

  async open(args: readonly string[] = []): Promise<void> {
    await this.server.up(args)
    this.variables = await this.server.json<Readonly<Record<string, string>>>([
      'env',
      '--data-dir',
      this.server.dataDirectory,
    ])
  }

  async close(): Promise<void> {
    await this.server.end()
    rmSync(this.home, { recursive: true, force: true })
  }

  /** The vendor's command line, without a terminal; in a directory of its own unless one is named. */
  upsun(args: readonly string[], directory = this.home): Promise<Finished> {
    const env = {
      ...{ PATH: process.env.PATH ?? '', HOME: this.home, UPSUN_CLI_HOME: this.home, TZ: 'UTC', COLUMNS: '120' },
      ...{ UPSUN_CLI_NO_INTERACTION: '1', UPSUN_CLI_UPDATES_CHECK: '0', UPSUN_CLI_API_DISABLE_CREDENTIAL_HELPERS: '1' },
      ...{ UPSUN_CLI_API_URL: this.variables.UPSUN_CLI_API_URL, UPSUN_CLI_AUTH_URL: this.variables.UPSUN_CLI_AUTH_URL },
      UPSUN_CLI_TOKEN: this.variables.UPSUN_CLI_TOKEN,
    }
    return finished(CLI, args, env as Record<string, string>, directory)
  }

  /** Deploys a tree of these files by `taskport upsun deploy`. */
  async deploy(
    project: string,
    files: Readonly<Record<string, string>>,
    options: readonly string[] = [],
  ): Promise<Finished> {
    const directory = mkdtempSync(join(this.home, 'tree-'))
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, path)), { recursive: true })
      writeFileSync(join(directory, path), text, { mode: text.startsWith('#!') ? 0o755 : 0o644 })
    }
    return this.server.run(['upsun', 'deploy', directory, '--project', project, '--type', 'development', ...options])
  }

  async api(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { authorization: `Bearer ${this.variables.UPSUN_CLI_TOKEN}`, ...(init.headers as object) }
    return fetch(`${this.variables.UPSUN_CLI_API_URL}${path}`, { ...init, headers })
  }

  async json<Body>(path: string, init: RequestInit = {}): Promise<Body> {
    return (await (await this.api(path, init)).json()) as Body
  }

  /** Starts a run by the API and answers its activity. */
  async start(
    project: string,
    task: string,
    variables: object = {},
    headers: Record<string, string> = {},
  ): Promise<Activity> {
    const path = `/projects/${project}/environments/main/tasks/${task}/run`
    const reply = await this.api(path, { method: 'POST', body: JSON.stringify({ variables }), headers })
    if (reply.status !== 202) throw new Error(`run was answered ${reply.status}: ${await reply.text()}`)
    const { _embedded } = (await reply.json()) as { _embedded: { activities: Activity[] } }
    return _embedded.activities[0]!
  }

  activity(project: string, id: string): Promise<Activity> {
    return this.json<Activity>(`/projects/${project}/activities/${id}`)
  }

  /** Messages of the log, followed to its seal. */
  async log(project: string, id: string): Promise<string> {
    const text = await (await this.api(`/projects/${project}/activities/${id}/log`)).text()
    const items = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as LogItem)
    if (items.at(-1)?.seal !== true) throw new Error(`the log ends without a seal: ${text}`)
    return items.map((item) => item.data?.message ?? '').join('')
  }

  /** Runs a task to its end: what it wrote, and its activity. */
  async run(project: string, task: string, variables: object = {}): Promise<{ log: string; activity: Activity }> {
    const { id } = await this.start(project, task, variables)
    const log = await this.log(project, id)
    return { log, activity: await this.activity(project, id) }
  }
}

interface LogItem {
  readonly data?: { readonly message: string }
  readonly seal?: boolean
}

function finished(
  program: string,
  args: readonly string[],
  env: Record<string, string>,
  cwd: string,
): Promise<Finished> {
  const child = spawn(program, [...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const out = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    out.stderr += text
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, ...out }))
  })
}
