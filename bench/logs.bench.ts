/**
 * One task printing 1 GB in 85-byte lines: through a pipe and the segment writer, against `cmd > file`, in one run.
 * Then with a follower in another process, then read back. JSON lines; `--bytes N` and `--rounds N` make it shorter.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { asExecutionId, asTenant, attemptIdOf } from '../src/core/identity.ts'
import type { LogNotice } from '../src/core/ports/log-store.ts'
import { SegmentLogStore } from '../src/logs/segment-log-store.ts'

const { values } = parseArgs({
  options: { bytes: { type: 'string', default: '1073741824' }, rounds: { type: 'string', default: '3' } },
})
const BYTES = Number(values.bytes)
const LINES = Math.floor(BYTES / 85) + (BYTES % 85 === 0 ? 0 : 1)
const here = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url))
const tenant = asTenant('bench')
const attempt = attemptIdOf(asExecutionId('bench'), 0, 1)
const print = `"${process.execPath}" "${here('print-lines.ts')}" ${BYTES}`
const pipe = (directory: string, sync: string, notices: string): string =>
  `${print} | "${process.execPath}" "${here('log-pipe.ts')}" "${directory}" ${sync} ${notices}`

interface Written {
  readonly extent: string
  readonly cpuMs: number
  readonly rssBytes: number
  readonly rssGrowthBytes: number
}

const say = (what: unknown): void => void process.stdout.write(`${JSON.stringify(what)}\n`)
const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!

async function inDirectory<T>(work: (directory: string) => T | Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'taskport-bench-'))
  try {
    return await work(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function timed(command: string): { readonly ms: number; readonly out: string } {
  const started = performance.now()
  const { stdout, status } = spawnSync('sh', ['-c', command], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (status !== 0) throw new Error(`${command}: exit ${status}`)
  return { ms: performance.now() - started, out: stdout }
}

async function compare(): Promise<void> {
  const runs: { file: number; cat: number; writer: number; synced: number; written: Written }[] = []
  for (let round = 0; round < Number(values.rounds); round++) {
    const file = await inDirectory((directory) => timed(`${print} > "${directory}/out"`).ms)
    const cat = await inDirectory((directory) => timed(`${print} | cat > "${directory}/out"`).ms)
    const plain = await inDirectory((directory) => timed(pipe(directory, 'plain', 'quiet')))
    const synced = await inDirectory((directory) => timed(pipe(directory, 'sync', 'quiet')))
    runs.push({ file, cat, writer: plain.ms, synced: synced.ms, written: JSON.parse(plain.out) as Written })
    say({ bench: 'logs.round', bytes: BYTES, ...runs.at(-1) })
  }
  say({
    bench: 'logs.write',
    ratio: median(runs.map((run) => run.file / run.writer)),
    ratioSynced: median(runs.map((run) => run.file / run.synced)),
    /** What a pipe alone leaves: `cmd | cat > file`. */
    ratioOfCat: median(runs.map((run) => run.file / run.cat)),
    target: 0.4,
    writerMbPerS: median(runs.map((run) => BYTES / run.writer / 1_000)),
    rssBytes: Math.max(...runs.map((run) => run.written.rssBytes)),
    rssGrowthBytes: Math.max(...runs.map((run) => run.written.rssGrowthBytes)),
  })
}

/** Lines a follower got, and whether each came once and in order. */
async function count(store: SegmentLogStore): Promise<{ lines: number; ordered: boolean; ms: number }> {
  const started = performance.now()
  let lines = 0
  let ordered = true
  for await (const batch of store.follow(tenant, attempt, undefined, AbortSignal.timeout(300_000))) {
    for (const line of batch) if (line.seq !== lines++) ordered = false
  }
  return { lines, ordered, ms: performance.now() - started }
}

async function follow(directory: string): Promise<void> {
  const store = await SegmentLogStore.open({ directory, now: () => Date.now() * 1_000 })
  const command = spawn('sh', ['-c', pipe(directory, 'plain', 'notices')], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(command, 'close')
  createInterface({ input: command.stdout }).on('line', (line) => {
    const { notice } = JSON.parse(line) as { notice?: LogNotice }
    if (notice) store.noticed(notice)
  })
  const followed = await count(store)
  await ended
  say({ bench: 'logs.follow', expected: LINES, ...followed, rssBytes: process.memoryUsage.rss() })
  const again = await count(store)
  say({ bench: 'logs.replay', expected: LINES, ...again, mbPerS: BYTES / again.ms / 1_000 })
  await store.close()
}

await compare()
await inDirectory(follow)
