/**
 * Task graphs of the Gitpod / Ona face. A graph of no-op tasks in ten levels, from StartTask to its end, against a C loop
 * that starts the very same sandboxed shell line as many times at the same parallelism, by turns. Planning ten thousand
 * tasks, in this process. And five hundred clients that watch one environment: how long after StartTask was answered each
 * of them has the news, and what that costs the server. Needs root or user namespaces for the sandbox, and a C compiler.
 * `BENCH_ROUNDS` (3), `BENCH_STEPS` (1,000), `BENCH_WATCHERS` (500), `BENCH_NEWS` (20).
 */
import { execFileSync } from 'node:child_process'
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { asTenant } from '../src/core/identity.ts'
import type { EnvironmentRecord, TaskRecord } from '../src/faces/ona/documents.ts'
import { DEFAULT_OPTIONS } from '../src/faces/ona/options.ts'
import { planOfTask } from '../src/faces/ona/task/plan-of-task.ts'
import { clientEnvironment } from '../src/server/environment.ts'
import { commandArgv } from '../src/workspaces/shell.ts'
import { BenchServer } from './engine/bench-server.ts'
import { compiled } from './engine/compiled.ts'
import { median, quantile, say, sayRatio } from './engine/figure.ts'
import { sandboxLine } from './engine/sandbox-line.ts'

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3)
const STEPS = Number(process.env.BENCH_STEPS ?? 1_000)
const LEVELS = 10
const PLANNED = 10_000
const WATCHERS = Number(process.env.BENCH_WATCHERS ?? 500)
const NEWS = Number(process.env.BENCH_NEWS ?? 20)
const LOOK_MS = 100

/** `STEPS` tasks in `LEVELS` levels: each needs three of the level before, the last, alone in its level, needs all of that. */
function graph(count: number): readonly { readonly name: string; readonly needs: readonly string[] }[] {
  const wide = Math.ceil((count - 1) / (LEVELS - 1))
  const name = (i: number): string => `t${i}`
  const tasks = Array.from({ length: count - 1 }, (_, i) => {
    const before = (Math.floor(i / wide) - 1) * wide
    const needs = before < 0 ? [] : [0, 1, 2].map((k) => name(before + ((i + k * 7) % wide)))
    return { name: name(i), needs: [...new Set(needs)] }
  })
  const last = tasks.slice(Math.floor((count - 2) / wide) * wide)
  return [...tasks, { name: 'all', needs: last.map((task) => task.name) }]
}

class Ona {
  readonly #url: string
  readonly #key: string
  readonly #agent = new Agent({ keepAlive: true })

  constructor(url: string, key: string) {
    this.#url = url
    this.#key = key
  }

  async call<Reply>(method: string, body: object): Promise<Reply> {
    const response = await fetch(`${this.#url}/api/gitpod.v1.${method}`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { authorization: `Bearer ${this.#key}`, 'content-type': 'application/json' },
    })
    if (!response.ok) throw new Error(`${method}: ${await response.text()}`)
    return (await response.json()) as Reply
  }

  async environment(): Promise<string> {
    const { environment } = await this.call<{ readonly environment: { readonly id: string } }>(
      'EnvironmentService/CreateEnvironment',
      { spec: {} },
    )
    for (;;) {
      const now = await this.call<{ readonly environment: { readonly status: { readonly phase: string } } }>(
        'EnvironmentService/GetEnvironment',
        { environmentId: environment.id },
      )
      if (now.environment.status.phase === 'ENVIRONMENT_PHASE_RUNNING') return environment.id
      await sleep(LOOK_MS)
    }
  }

  async upsert(environmentId: string, tasks: ReturnType<typeof graph>): Promise<void> {
    const file = tasks.map(({ name, needs }) => [name, { name, command: 'true', dependsOn: needs }])
    const automationsFile = { tasks: Object.fromEntries(file) }
    await this.call('EnvironmentAutomationService/UpsertAutomationsFile', { environmentId, automationsFile })
  }

  async taskId(environmentId: string, reference: string): Promise<string> {
    const { tasks } = await this.call<{ readonly tasks: readonly { readonly id: string }[] }>(
      'EnvironmentAutomationService/ListTasks',
      { filter: { environmentIds: [environmentId], references: [reference] } },
    )
    return tasks[0]!.id
  }

  async start(id: string): Promise<string> {
    const { taskExecution } = await this.call<{ readonly taskExecution: { readonly id: string } }>(
      'EnvironmentAutomationService/StartTask',
      { id },
    )
    return taskExecution.id
  }

  /** From its acceptance to its end, ms, by the server's own clock. */
  async took(id: string): Promise<number> {
    for (;;) {
      const { taskExecution } = await this.call<Execution>('EnvironmentAutomationService/GetTaskExecution', { id })
      const { metadata, status } = taskExecution
      if (status.failureMessage !== '') throw new Error(status.failureMessage)
      if (metadata.completedAt) return Date.parse(metadata.completedAt) - Date.parse(metadata.createdAt)
      await sleep(LOOK_MS)
    }
  }

  /** Calls back with the time and each line, once the first is there. */
  watch(environmentId: string, heard: (line: string, at: number) => void): Promise<void> {
    const { hostname, port } = new URL(this.#url)
    const headers = {
      authorization: `Bearer ${this.#key}`,
      'content-type': 'application/json',
      accept: 'application/jsonl',
    }
    const path = '/api/gitpod.v1.EventService/WatchEvents'
    return new Promise((resolve, reject) => {
      const asked = request({ hostname, port, path, method: 'POST', headers, agent: this.#agent }, (reply) => {
        reply.setEncoding('utf8').on('data', (text: string) => {
          const at = performance.now()
          for (const line of text.split('\n')) if (line !== '') heard(line, at)
          resolve()
        })
      })
      asked.on('error', reject)
      asked.end(JSON.stringify({ environmentId }))
    })
  }

  end(): void {
    this.#agent.destroy()
  }
}

interface Execution {
  readonly taskExecution: {
    readonly metadata: { readonly createdAt: string; readonly completedAt?: string }
    readonly status: { readonly failureMessage: string }
  }
}

function loopMs(argv: readonly string[]): number {
  const parallel = Math.ceil((STEPS - 1) / (LEVELS - 1))
  const line = ['-c', '"$0" "$@" | tail -n 1', compiled('spawn-loop.c'), String(STEPS), String(parallel), ...argv]
  return (STEPS / Number(execFileSync('sh', line, { encoding: 'utf8' }))) * 1_000
}

async function graphs(ona: Ona): Promise<void> {
  const environmentId = await ona.environment()
  await ona.upsert(environmentId, graph(STEPS))
  const id = await ona.taskId(environmentId, 'all')
  const line = sandboxLine(commandArgv('true'))
  const [ours, loops]: [number[], number[]] = [[], []]
  for (let round = 0; round < ROUNDS; round++) {
    loops.push(loopMs(line))
    ours.push(await ona.took(await ona.start(id)))
  }
  const base = { name: 'a loop of the same sandboxed lines, ms', value: median(loops) }
  sayRatio(`a graph of ${STEPS} no-op tasks in ${LEVELS} levels`, median(ours), 'ms', base, '≤ 1.5')
}

function planning(): void {
  const tasks = graph(PLANNED).map(({ name, needs }): [string, TaskRecord] => [name, taskOf(name, needs)])
  const automations = { tasks: new Map(tasks), services: new Map() }
  let ids = 0
  const request = { environment: ENVIRONMENT, automations, roots: ['all'], env: {}, options: DEFAULT_OPTIONS }
  const times = Array.from({ length: 10 }, () => {
    const began = performance.now()
    const { steps } = planOfTask({
      ...request,
      newId: () => `00000000-0000-4000-8000-${String(ids++).padStart(12, '0')}`,
    })
    if (steps.length !== PLANNED) throw new Error(`${steps.length} steps were planned`)
    return performance.now() - began
  })
  say({ figure: `planning ${PLANNED} tasks`, value: median(times), unit: 'ms', wanted: '≤ 100' })
}

const taskOf = (reference: string, dependsOn: readonly string[]): TaskRecord => ({
  id: reference,
  environment: ENVIRONMENT.id,
  reference,
  name: reference,
  description: '',
  createdAt: 0,
  creator: ENVIRONMENT.creator,
  triggeredBy: [],
  spec: { command: 'true', env: [], prebuildRequiresSuccess: false },
  dependsOn,
})

const ENVIRONMENT: EnvironmentRecord = {
  id: 'e',
  name: 'bench',
  creator: { id: asTenant('bench'), kind: 'user' },
  createdAt: 0,
  lastStartedAt: 0,
  spec: {},
  specVersion: 1,
  role: 'default',
  workspace: { directory: '/tmp', name: 'workspace', own: true },
  annotations: {},
  phase: 'running',
  start: '',
  starts: 1,
  automations: { path: '', state: 'none' },
}

async function watchers(ona: Ona, server: BenchServer): Promise<void> {
  const environmentId = await ona.environment()
  await ona.upsert(environmentId, [{ name: 'noop', needs: [] }])
  const id = await ona.taskId(environmentId, 'noop')
  const heard = new Map<string, number[]>()
  const listen = (line: string, at: number): void => {
    const { operation, resourceId } = JSON.parse(line) as { readonly operation?: string; readonly resourceId?: string }
    if (operation !== 'RESOURCE_OPERATION_CREATE' || resourceId === undefined) return
    const times = heard.get(resourceId)
    if (times) times.push(at)
    else heard.set(resourceId, [at])
  }
  for (let i = 0; i < WATCHERS; i++) await ona.watch(environmentId, listen)
  const delays: number[] = []
  const before = server.cpuMicros()
  for (let i = 0; i < NEWS; i++) {
    const began = performance.now()
    const execution = await ona.start(id)
    while ((heard.get(execution)?.length ?? 0) < WATCHERS) await sleep(1)
    delays.push(...heard.get(execution)!.map((at) => at - began))
    await ona.took(execution)
  }
  const cpuMicros = (server.cpuMicros() - before) / NEWS
  say({ figure: `${WATCHERS} watchers: from StartTask to the news, median`, value: median(delays), unit: 'ms' })
  say({
    figure: `${WATCHERS} watchers: from StartTask to the news, 99th percentile`,
    value: quantile(delays, 0.99),
    unit: 'ms',
  })
  say({
    figure: `${WATCHERS} watchers: CPU of the server for each run of a task`,
    value: cpuMicros / 1_000,
    unit: 'ms',
  })
}

const server = await BenchServer.start()
const { GITPOD_API_KEY: key = '' } = await clientEnvironment({ url: server.url, dataDirectory: server.dataDirectory })
const ona = new Ona(server.url, key)
try {
  planning()
  await graphs(ona)
  await watchers(ona, server)
} finally {
  ona.end()
  await server.end()
}
