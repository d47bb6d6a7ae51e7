/**
 * The store's figures, one JSON line each. `node bench/store.bench.ts [--rows=1000000] [--tasks=20000]`
 *
 * `lifecycle`: durable no-op lives (two commits, seven events), 64 at a time; CPU counts every thread of this process,
 * less what making the sample objects costs. `get`, `list` …: reads among `rows` stored executions, as time taken (`ms`:
 * what else the machine does and cold pages count) and as the main thread's CPU on average (`cpuMs`). Client and store share one
 * process; the disk is that of the temporary directory.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { ExecutionFilter } from '../src/core/ports/store.ts'
import { databasePath } from '../src/store/sqlite/database.ts'
import { openSqliteStore, type SqliteStore } from '../src/store/sqlite/sqlite-store.ts'
import { acceptedAt, ended, firstCommit, idOf, lastCommit, started, TENANT } from './store-sample.ts'

const { values: options } = parseArgs({
  options: { rows: { type: 'string', default: '1000000' }, tasks: { type: 'string', default: '20000' } },
})

const say = (line: Readonly<Record<string, unknown>>): void => console.log(JSON.stringify(line))

const round = (value: number, digits = 2): number => Number(value.toFixed(digits))

async function main(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'taskport-bench-'))
  try {
    await inDirectory(join(directory, 'empty'), (store) => lifecycles(store, Number(options.tasks), 0, 'empty'))
    if (Number(options.rows) > 0) await million(join(directory, 'full'), Number(options.rows))
  } finally {
    rmSync(directory, { recursive: true })
  }
}

async function inDirectory(directory: string, work: (store: SqliteStore) => Promise<void>): Promise<void> {
  const store = await openSqliteStore({ directory })
  try {
    await work(store)
  } finally {
    await store.close()
  }
}

async function lifecycles(store: SqliteStore, count: number, from: number, name: string): Promise<void> {
  for (const concurrency of [1, 64]) {
    const tasks = concurrency === 1 ? Math.ceil(count / 20) : count
    const first = from + (concurrency === 1 ? 0 : count)
    const samples = sampleCost(first, tasks)
    const latencies: number[] = []
    const delay = monitorEventLoopDelay({ resolution: 1 })
    delay.enable()
    const cpu = process.cpuUsage()
    const main = process.threadCpuUsage()
    const began = performance.now()
    let next = first
    const worker = async () => {
      while (next < first + tasks) await live(store, next++, latencies)
    }
    await Promise.all(Array.from({ length: concurrency }, worker))
    const seconds = (performance.now() - began) / 1_000
    const used = process.cpuUsage(cpu)
    const usedMain = process.threadCpuUsage(main)
    delay.disable()
    say({
      bench: `store.lifecycle.${name}`,
      concurrency,
      tasksPerSecond: round(tasks / seconds, 0),
      durableCommitsPerSecond: round((2 * tasks) / seconds, 0),
      cpuMicrosPerTask: round((used.user + used.system) / tasks - samples, 1),
      mainThreadMicrosPerTask: round((usedMain.user + usedMain.system) / tasks - samples, 1),
      commitMs: percentiles(latencies),
      eventLoopDelayP99Ms: round(delay.percentile(99) / 1e6),
    })
  }
}

async function live(store: SqliteStore, n: number, latencies: number[]): Promise<void> {
  const execution = started(n)
  let began = performance.now()
  await store.commit(firstCommit(execution))
  latencies.push(performance.now() - began)
  began = performance.now()
  await store.commit(lastCommit(ended(execution)))
  latencies.push(performance.now() - began)
}

/** CPU µs that building the samples of one life takes. */
function sampleCost(first: number, count: number): number {
  const cpu = process.threadCpuUsage()
  let changes = 0
  for (let n = first; n < first + count; n++)
    changes += firstCommit(started(n)).length + lastCommit(ended(started(n))).length
  const used = process.threadCpuUsage(cpu)
  return changes > 0 ? (used.user + used.system) / count : 0
}

async function million(directory: string, rows: number): Promise<void> {
  const began = performance.now()
  // In a process of its own, whose memory is not counted below.
  execFileSync(process.execPath, [fileURLToPath(new URL('./store-million.ts', import.meta.url)), directory, `${rows}`])
  say({
    bench: 'store.fill',
    rows,
    seconds: round((performance.now() - began) / 1_000),
    megabytes: round(statSync(databasePath(directory)).size / 1e6, 0),
  })
  const opening = performance.now()
  await inDirectory(directory, async (store) => {
    let active = 0
    for await (const _ of store.system.activeExecutions()) active++
    say({ bench: 'store.coldStart', rows, milliseconds: round(performance.now() - opening), active })
    await reads(store, rows)
    await lifecycles(store, Number(options.tasks), rows, 'full')
    await readsWhileWriting(store, rows)
    say({ bench: 'store.memory', rssMegabytes: round(process.memoryUsage.rss() / 1e6, 0) })
  })
}

const middle = (rows: number) => ({ acceptedFrom: acceptedAt(rows / 2), acceptedUntil: acceptedAt(rows / 2 + 1_000) })

const filtersFor = (rows: number): Readonly<Record<string, ExecutionFilter>> => ({
  none: {},
  active: { active: true },
  running: { states: ['running'] },
  failed: { states: ['failed'] },
  lost: { states: ['lost'] },
  ended: { states: ['succeeded', 'failed', 'lost'] },
  task: { task: 'task-3' },
  rareTask: { task: 'rare' },
  face: { face: 'ecs' },
  trigger: { trigger: 'schedule' },
  key: { key: `key-${5 * Math.floor(rows / 10)}` },
  name: { name: 'name-14' },
  node: { node: 'local' },
  ref: { refs: { family: 'family-7' } },
  label: { labels: { special: 'yes' } },
  acceptedRange: middle(rows),
  taskFailed: { task: 'task-3', states: ['failed'] },
  taskLost: { task: 'task-3', states: ['lost'] },
  taskActive: { task: 'task-3', active: true },
  faceTriggerFailed: { face: 'ecs', trigger: 'schedule', states: ['failed'] },
  nodeActive: { node: 'local', active: true },
  refRange: { refs: { family: 'family-7' }, ...middle(rows) },
  labelsRefTask: { labels: { team: 'team-7' }, refs: { family: 'family-7' }, task: 'task-7' },
  nothing: { task: 'task-3', labels: { special: 'no' } },
  contradiction: { face: 'ecs', key: 'none' },
  disjoint: { task: 'task-3', refs: { family: 'family-7' } },
})

async function reads(store: SqliteStore, rows: number): Promise<void> {
  const stride = 7_919
  await measure('store.get', {}, 2_000, (i) => store.execution(TENANT, idOf((i * stride) % rows)))
  await measure('store.count', {}, 200, () => store.countExecutions(TENANT))
  await measure('store.events.execution', {}, 500, (i) =>
    store.events(TENANT, undefined, { execution: idOf((i * stride) % rows) }, 100),
  )
  for (const [name, filter] of Object.entries(filtersFor(rows)))
    for (const limit of [20, 100])
      await measure('store.list', { filter: name, limit }, 200, async (i) => {
        const after = i % 2 ? idOf((i * stride * 97) % rows) : undefined
        const page = await store.executions(TENANT, filter, { limit, ...(after && { after }) })
        return page.items.length
      })
}

/** Reads while 16 lives are always under way. */
async function readsWhileWriting(store: SqliteStore, rows: number): Promise<void> {
  let writing = true
  let next = 10 * rows
  const writers = Array.from({ length: 16 }, async () => {
    while (writing) await live(store, next++, [])
  })
  const { none, task, failed } = filtersFor(rows)
  await measure('store.get.whileWriting', {}, 500, (i) => store.execution(TENANT, idOf((i * 7_919) % rows)))
  for (const [name, filter] of Object.entries({ none, task, failed }))
    await measure('store.list.whileWriting', { filter: name, limit: 20 }, 200, () =>
      store.executions(TENANT, filter!, { limit: 20 }),
    )
  writing = false
  await Promise.all(writers)
}

async function measure(
  bench: string,
  what: Readonly<Record<string, unknown>>,
  times: number,
  read: (i: number) => Promise<unknown>,
): Promise<void> {
  const taken: number[] = []
  let last: unknown
  const cpu = process.threadCpuUsage()
  for (let i = 0; i < times; i++) {
    const began = performance.now()
    last = await read(i)
    taken.push(performance.now() - began)
    if (i % 20 === 0) await new Promise(setImmediate)
  }
  const { user, system } = process.threadCpuUsage(cpu)
  const found = typeof last === 'number' ? { found: last } : {}
  say({ bench, ...what, ms: percentiles(taken), cpuMs: round((user + system) / 1_000 / times, 3), ...found })
}

function percentiles(samples: number[]): Readonly<Record<'p50' | 'p99' | 'max', number>> {
  const sorted = samples.sort((a, b) => a - b)
  const at = (share: number): number =>
    round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0, 3)
  return { p50: at(0.5), p99: at(0.99), max: at(1) }
}

await main()
