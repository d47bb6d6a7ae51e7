/**
 * Side by side: others that run `/bin/true` once for each job, and Taskport, in the same run on the same machine. What
 * is not installed is named and left out. They promise different things: GNU parallel and task-spooler keep nothing
 * over a crash; graphile-worker and BullMQ are durable queues whose worker spawns; Taskport's tasks outlive its server.
 * `BENCH_TASKS` (2,000).
 */
import { BenchServer } from './engine/bench-server.ts'
import { say } from './engine/figure.ts'
import { runTasks } from './engine/run-tasks.ts'
import { spawnLoopRate } from './engine/spawn-loop.ts'
import { bullmq } from './peers/bullmq.ts'
import { graphileWorker } from './peers/graphile-worker.ts'
import { parallel } from './peers/parallel.ts'
import { taskSpooler } from './peers/task-spooler.ts'

const TASKS = Number(process.env.BENCH_TASKS ?? 2_000)

const server = await BenchServer.start({ flags: ['--sandbox', 'off'] })
try {
  await runTasks(server, TASKS, { command: ['/bin/true'] })
  say({
    figure: 'Taskport',
    value: (await runTasks(server, TASKS, { command: ['/bin/true'] })).perSecond,
    unit: 'jobs/s',
  })
} finally {
  await server.end()
}
say({ figure: 'C loop of posix_spawn', value: spawnLoopRate(TASKS, ['/bin/true']), unit: 'jobs/s' })
for (const peer of [taskSpooler, parallel, graphileWorker, bullmq]) {
  const missing = peer.missing()
  if (missing === undefined) say({ figure: peer.name, value: await peer.rate(TASKS), unit: 'jobs/s' })
  else console.log(`${peer.name}: not installed (${missing})`)
}
