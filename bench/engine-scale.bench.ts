/**
 * A server with a long history: a million stored executions. How long it takes to start beside one with none, how long
 * one execution and a page by each filter take over HTTP, one request after the other, and what it weighs before and
 * after. Each kind of read is done some times before it is measured. `BENCH_ROWS` (1,000,000), `BENCH_READS` (300 of each).
 */
import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { BenchServer } from './engine/bench-server.ts'
import { quantile, say } from './engine/figure.ts'
import { RawClient } from './engine/raw-client.ts'
import { acceptedAt, idOf, TENANT } from './store-sample.ts'

const ROWS = Number(process.env.BENCH_ROWS ?? 1_000_000)
const READS = Number(process.env.BENCH_READS ?? 300)
const FILL = fileURLToPath(new URL('./store-million.ts', import.meta.url))
const LIST = '/taskport/v1/executions'
const MEGA = 1_000_000
const WARM_UPS = 50
/** Far apart, so that no two reads in a row find the same pages in a cache. */
const STRIDE = 7_919

const time = (n: number): string => new Date(acceptedAt(n)).toISOString()

const FILTERS: Readonly<Record<string, string>> = {
  none: '',
  running: 'state=running',
  failed: 'state=failed',
  lost: 'state=lost',
  'any of three states': 'state=succeeded&state=failed&state=lost',
  task: 'task=task-3',
  'rare task': 'task=rare',
  face: 'face=ecs',
  trigger: 'trigger=schedule',
  key: `key=key-${5 * Math.floor(ROWS / 10)}`,
  name: 'name=name-14',
  node: 'node=local',
  ref: 'ref=family%3Dfamily-7',
  label: 'label=special%3Dyes',
  'time of acceptance': `acceptedFrom=${time(ROWS / 2)}&acceptedUntil=${time(ROWS / 2 + 1_000)}`,
  'task and failed': 'task=task-3&state=failed',
  'label, ref and task': 'label=team%3Dteam-7&ref=family%3Dfamily-7&task=task-7',
  'nothing found': 'task=task-3&label=special%3Dno',
}

async function p99(client: RawClient, path: (i: number) => string): Promise<number> {
  const taken: number[] = []
  for (let i = -WARM_UPS; i < READS; i++) {
    const request = client.request('GET', path(Math.abs(i)))
    const began = performance.now()
    await client.send(request)
    if (i >= 0) taken.push(performance.now() - began)
  }
  return quantile(taken, 0.99)
}

/** What a start still does by itself, once it answers, is not what is measured. */
const SETTLE_MS = 2_000

async function reads(server: BenchServer): Promise<void> {
  await sleep(SETTLE_MS)
  const headers = { authorization: `Bearer ${server.token}`, 'taskport-tenant': TENANT }
  const client = new RawClient(server.url, headers, 1)
  const milliseconds = { unit: 'ms', wanted: '≤ 10' }
  const id = (i: number): string => idOf((i * STRIDE) % ROWS)
  say({ figure: 'one by id, p99', value: await p99(client, (i) => `${LIST}/${id(i)}`), ...milliseconds })
  for (const [name, filter] of Object.entries(FILTERS))
    say({ figure: `page of 100 by ${name}, p99`, value: await p99(client, () => `${LIST}?${filter}`), ...milliseconds })
  client.end()
}

const weight = (server: BenchServer, when: string): void =>
  say({ figure: `resident memory ${when}`, value: server.rssBytes() / MEGA, unit: 'MB', wanted: '≤ 250' })

const empty = await BenchServer.start()
await empty.end()
const prepare = (directory: string): void => {
  execFileSync(process.execPath, [FILL, directory, `${ROWS}`])
  // Reads would wait behind the writing of what was just made up.
  execFileSync('sync')
}
const server = await BenchServer.start({ prepare, flags: ['--retention', '3650d'] })
try {
  const base = { name: 'with none', value: empty.startMs }
  say({ figure: `start with ${ROWS} executions`, value: server.startMs, unit: 'ms', base, wanted: '≤ 2,000' })
  weight(server, 'after the start')
  await reads(server)
  weight(server, 'after all reads')
} finally {
  await server.end()
}
