/**
 * Whole tasks through the whole server: submitted over HTTP one a request on 32 connections, durable, run by real
 * cells, until each has durably succeeded — against a C loop of posix_spawn and wait at parallelism 2 on the same
 * program, both sides by turns in the same run. Client, server, cells and programs share the machine.
 *
 * Without sandbox, with and without control groups (root only); in the sandbox against the loop running the same
 * bubblewrap line. Each server runs 10,000 tasks outside the sandbox first: until then V8 compiles, which costs 120 µs a
 * task on its helper threads alone. Server CPU per task is that of all threads. `BENCH_TASKS` (5,000), `BENCH_ROUNDS` (3).
 */
import { BenchServer, type BenchServerOptions } from './engine/bench-server.ts'
import { median, say, sayRatio } from './engine/figure.ts'
import { runTasks, type Throughput } from './engine/run-tasks.ts'
import { sandboxLine } from './engine/sandbox-line.ts'
import { spawnLoopRate } from './engine/spawn-loop.ts'

const TASKS = Number(process.env.BENCH_TASKS ?? 5_000)
const SANDBOXED = Number(process.env.BENCH_SANDBOXED_TASKS ?? Math.ceil(TASKS / 10))
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3)
const WARM_UPS = 2

interface Case {
  readonly name: string
  readonly options: BenchServerOptions
  readonly count: number
  readonly argv: readonly string[]
  /** What the loop runs. */
  readonly line: readonly string[]
  readonly wanted: string
}

const NOOP = ['/bin/true']
const LINE = ['/bin/echo', 'one line']
const OPEN = { flags: ['--sandbox', 'off'] }
const noop = { count: TASKS, argv: NOOP, line: NOOP, wanted: '≥ 0.5' }
const cases: readonly Case[] = [
  { ...noop, name: 'no-op', options: OPEN },
  { ...noop, name: 'one line', options: OPEN, argv: LINE, line: LINE },
  ...(process.getuid?.() === 0
    ? [{ ...noop, name: 'no-op, no control groups', options: { ...OPEN, withoutCgroups: true } }]
    : []),
  { name: 'no-op in the sandbox', options: {}, count: SANDBOXED, argv: NOOP, line: sandboxLine(NOOP), wanted: '≥ 0.7' },
]

async function measure({ name, options, count, argv, line, wanted }: Case): Promise<void> {
  const server = await BenchServer.start(options)
  try {
    for (let i = 0; i < WARM_UPS; i++) await runTasks(server, TASKS, { command: argv, sandbox: 'off' })
    await runTasks(server, Math.ceil(count / 5), { command: argv })
    const rounds: { readonly ours: Throughput; readonly bare: number }[] = []
    for (let i = 0; i < ROUNDS; i++) {
      const bare = spawnLoopRate(count, line)
      rounds.push({ bare, ours: await runTasks(server, count, { command: argv }) })
    }
    const base = { name: 'C loop', value: median(rounds.map((r) => r.bare)) }
    sayRatio(`${name}: tasks`, median(rounds.map((r) => r.ours.perSecond)), '/s', base, wanted)
    const each = (key: keyof Throughput): number => median(rounds.map((r) => r.ours[key]))
    say({ figure: `${name}: server CPU per task`, value: each('serverMicros'), unit: 'µs', wanted: '≤ 400' })
    say({ figure: `${name}: cell CPU per task`, value: each('cellMicros'), unit: 'µs' })
    say({ figure: `${name}: event-loop delay p99`, value: each('loopDelayMs'), unit: 'ms', wanted: '≤ 15' })
  } finally {
    await server.end()
  }
}

for (const one of cases) await measure(one)
