import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchServer } from './bench-server.ts'

export interface Throughput {
  /** Tasks per second, from the first request to the last durable end. */
  readonly perSecond: number
  /** Server CPU a task, all threads, µs. */
  readonly serverMicros: number
  readonly cellMicros: number
  /** Delay of the server's event loop, 99th percentile, ms. */
  readonly loopDelayMs: number
}

const CONNECTIONS = 32
const LOOK_MS = 20
/** The metric is the time between two samples, which are this far apart on an idle server (perf_hooks.monitorEventLoopDelay). */
const SAMPLES_APART_MS = 10

/** Submits `count` executions of `submission` over HTTP, one a request, and waits until all have succeeded. */
export async function runTasks(server: BenchServer, count: number, submission: object): Promise<Throughput> {
  const client = server.client(CONNECTIONS)
  const request = client.request('POST', '/taskport/v1/executions', JSON.stringify(submission))
  const before = await succeeded(server)
  await server.metric('taskport_nodejs_eventloop_lag_p99_seconds')
  const [cpu, cellCpu] = [server.cpuMicros(), server.cellCpuMicros()]
  const began = performance.now()
  await client.times(count, request)
  while ((await succeeded(server)) < before + count) await sleep(LOOK_MS)
  const seconds = (performance.now() - began) / 1_000
  const samplesMs = (await server.metric('taskport_nodejs_eventloop_lag_p99_seconds')) * 1_000
  client.end()
  return {
    perSecond: count / seconds,
    serverMicros: (server.cpuMicros() - cpu) / count,
    cellMicros: (server.cellCpuMicros() - cellCpu) / count,
    loopDelayMs: Math.max(0, samplesMs - SAMPLES_APART_MS),
  }
}

async function succeeded(server: BenchServer): Promise<number> {
  const headers = { authorization: `Bearer ${server.token}` }
  const answer = await fetch(`${server.url}/taskport/v1/executions:count`, { headers })
  const counts = (await answer.json()) as { succeeded: number; failed: number; lost: number }
  if (counts.failed + counts.lost > 0) throw new Error(`tasks failed: ${JSON.stringify(counts)}`)
  return counts.succeeded
}
