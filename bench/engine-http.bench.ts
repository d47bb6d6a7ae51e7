/**
 * What a request costs beyond the HTTP stack: durable submissions with dispatch held on 64 connections, and one
 * execution by its id on 32, against the same stack in a process of its own answering a constant of the same size to
 * the same request. By turns, median of rounds. `BENCH_REQUESTS` (10,000), `BENCH_ROUNDS` (3).
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { BenchServer } from './engine/bench-server.ts'
import { median, sayRatio } from './engine/figure.ts'
import { RawClient } from './engine/raw-client.ts'

const REQUESTS = Number(process.env.BENCH_REQUESTS ?? 10_000)
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3)
const SUBMISSIONS = '/taskport/v1/executions'

async function constantServer(bytes: number): Promise<{ readonly url: string; end(): void }> {
  const program = fileURLToPath(new URL('./engine/constant-server.ts', import.meta.url))
  const child = spawn(process.execPath, [program, String(bytes)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [text] = (await once(child.stdout, 'data')) as [Buffer]
  return { url: text.toString().trim(), end: () => child.kill() }
}

async function compare(
  name: string,
  server: BenchServer,
  asked: readonly [method: string, path: string, body?: string],
  connections: number,
  wanted: string,
): Promise<void> {
  const headers = { authorization: `Bearer ${server.token}` }
  const ours = new RawClient(server.url, headers, connections)
  const bytes = (await ours.send(ours.request(...asked))).body.length
  const constant = await constantServer(bytes)
  const base = new RawClient(constant.url, headers, connections)
  const rates: { readonly ours: number; readonly base: number }[] = []
  for (let i = -1; i < ROUNDS; i++) {
    const rate = {
      base: REQUESTS / (await base.times(REQUESTS, base.request(...asked))),
      ours: REQUESTS / (await ours.times(REQUESTS, ours.request(...asked))),
    }
    // The first round warms both up.
    if (i >= 0) rates.push(rate)
  }
  for (const client of [ours, base]) client.end()
  constant.end()
  const value = median(rates.map((r) => r.base))
  sayRatio(name, median(rates.map((r) => r.ours)), '/s', { name: `the stack, ${bytes} bytes`, value }, wanted)
}

const server = await BenchServer.start({ flags: ['--sandbox', 'off'] })
try {
  const client = server.client(1)
  const done = await client.json<{ id: string }>('POST', SUBMISSIONS, { command: ['/bin/true'] })
  await client.send(client.request('GET', `${SUBMISSIONS}/${done.id}/wait`))
  await compare('one execution by id', server, ['GET', `${SUBMISSIONS}/${done.id}`], 32, '≥ 0.6')
  await client.send(client.request('POST', '/taskport/v1/dispatch/hold'))
  const submission = JSON.stringify({ command: ['/bin/true'] })
  await compare('durable submissions, dispatch held', server, ['POST', SUBMISSIONS, submission], 64, '≥ 0.5')
  client.end()
} finally {
  await server.end()
}
