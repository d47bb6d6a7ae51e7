/**
 * Many tasks at once: what a sleeping task costs the server and its cells in memory, and what thousands of them do to
 * the rate of others, against the rate without them in the same run. Proportional memory of server and cells; the
 * programs' own is not counted. `BENCH_SLEEPERS` (5,000), `BENCH_TASKS` (2,000), `BENCH_ROUNDS` (3).
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { BenchServer } from './engine/bench-server.ts'
import { median, say, sayRatio } from './engine/figure.ts'
import { runTasks } from './engine/run-tasks.ts'

const SLEEPERS = Number(process.env.BENCH_SLEEPERS ?? 5_000)
const TASKS = Number(process.env.BENCH_TASKS ?? 2_000)
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3)

async function rate(server: BenchServer): Promise<number> {
  const rates: number[] = []
  for (let i = 0; i < ROUNDS; i++) rates.push((await runTasks(server, TASKS, { command: ['/bin/true'] })).perSecond)
  return median(rates)
}

async function sleepers(server: BenchServer): Promise<void> {
  const client = server.client(32)
  const submission = JSON.stringify({ command: ['/bin/sleep', '36000'], stop: { grace: '1ms' } })
  await client.times(SLEEPERS, client.request('POST', '/taskport/v1/executions', submission))
  for (;;) {
    const { running } = await client.json<{ running: number }>('GET', '/taskport/v1/executions:count')
    if (running >= SLEEPERS) break
    await sleep(50)
  }
  client.end()
}

/** Once its garbage has settled: the lowest of some looks. */
async function settledMemory(server: BenchServer): Promise<number> {
  const looks: number[] = []
  for (let i = 0; i < 20; i++) {
    looks.push(server.memoryBytes())
    await sleep(250)
  }
  return Math.min(...looks)
}

const server = await BenchServer.start({ flags: ['--sandbox', 'off'] })
try {
  await rate(server)
  const alone = await rate(server)
  const before = await settledMemory(server)
  await sleepers(server)
  const each = ((await settledMemory(server)) - before) / SLEEPERS / 1_024
  say({
    figure: `${SLEEPERS} sleeping tasks: memory of server and cells, each`,
    value: each,
    unit: 'KiB',
    wanted: '≤ 64',
  })
  say({ figure: `${SLEEPERS} sleeping tasks: cells`, value: server.cells().length, unit: '' })
  sayRatio(
    `no-op tasks beside ${SLEEPERS} sleeping ones`,
    await rate(server),
    '/s',
    { name: 'without them', value: alone },
    '≥ 0.7',
  )
} finally {
  await server.end()
}
