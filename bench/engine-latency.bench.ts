/**
 * From the request's first byte to the program's first instructions, at 50 submissions a second: a program that writes
 * down when it began, submitted over HTTP; against the same program started by a bare posix_spawn in the same run.
 * `BENCH_SECONDS` (20). Client, server, cell and programs share the machine.
 */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { BenchServer } from './engine/bench-server.ts'
import { compiled } from './engine/compiled.ts'
import { median, quantile, say } from './engine/figure.ts'

const PER_SECOND = 50
const COUNT = PER_SECOND * Number(process.env.BENCH_SECONDS ?? 20)
const WARM_UP = 200
const CONNECTIONS = 16

const directory = mkdtempSync(join(tmpdir(), 'taskport-bench-'))
const file = join(directory, 'stamps')
const stamp = compiled('engine/stamp.c')
const nowMicros = (): number => (performance.timeOrigin + performance.now()) * 1_000

/** When each name was written down, µs. */
const stamps = (): ReadonlyMap<string, number> =>
  new Map(
    readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => [line.split(' ')[0]!, Number(line.split(' ')[1])]),
  )

function bareMillis(): readonly number[] {
  execFileSync(stamp, ['--loop', String(Math.min(COUNT, 300)), '20', file])
  const seen = stamps()
  const names = [...seen.keys()].filter((name) => name.startsWith('bare-'))
  return names.map((name) => (seen.get(name)! - seen.get(name.replace('bare', 'before'))!) / 1_000)
}

async function throughServer(server: BenchServer): Promise<readonly number[]> {
  const client = server.client(CONNECTIONS)
  const sent: number[] = []
  const pending: Promise<unknown>[] = []
  const began = performance.now()
  for (let i = 0; i < WARM_UP + COUNT; i++) {
    const body = JSON.stringify({ command: [stamp, file, `task-${i}`] })
    const request = client.request('POST', '/taskport/v1/executions', body)
    await sleep(Math.max(0, began + (i * 1_000) / PER_SECOND - performance.now()))
    sent.push(nowMicros())
    pending.push(client.send(request, i % CONNECTIONS))
  }
  await Promise.all(pending)
  while (stamps().get(`task-${WARM_UP + COUNT - 1}`) === undefined) await sleep(20)
  await sleep(200)
  client.end()
  const seen = stamps()
  return sent.slice(WARM_UP).map((at, i) => (seen.get(`task-${WARM_UP + i}`)! - at) / 1_000)
}

const server = await BenchServer.start({ flags: ['--sandbox', 'off'] })
try {
  const bare = bareMillis()
  const ours = await throughServer(server)
  const base = { name: 'bare posix_spawn, median', value: median(bare) }
  say({
    figure: 'start latency at 50/s: median over bare',
    value: median(ours) - median(bare),
    unit: 'ms',
    base,
    wanted: '≤ 5',
  })
  say({
    figure: 'start latency at 50/s: p99 over bare',
    value: quantile(ours, 0.99) - median(bare),
    unit: 'ms',
    base,
    wanted: '≤ 25',
  })
} finally {
  await server.end()
  rmSync(directory, { recursive: true, force: true })
}
