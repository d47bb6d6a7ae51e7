/**
 * What the process executor adds to the price of a process: no-op programs through the executor's port — start,
 * journal, pipes, log, exit, acknowledgement — against a C loop of posix_spawn and wait at parallelism 2, and, in the
 * sandbox, against the same loop running the same sandbox line. Then what a sleeping task costs in memory, and the
 * rate beside the sleepers. No server, no store: those are other benches.
 *
 * Executor (this process), one cell and the programs share the machine. Each ratio is the median of rounds in which
 * both sides ran one after the other. Run: `node --expose-gc bench/spawn.bench.ts`; needs a C compiler for the ratios.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type AttemptId, allocationIdOf, asExecutionId, asNodeId, asTenant, attemptIdOf } from '../src/core/identity.ts'
import type { Work } from '../src/core/ports/executor.ts'
import { planSandbox, SANDBOX_LAUNCHER } from '../src/executors/process/cell/sandbox-argv.ts'
import { probeHost } from '../src/executors/process/probe-host.ts'
import { ProcessExecutor } from '../src/executors/process/process-executor.ts'

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3)
const STARTS = Number(process.env.BENCH_STARTS ?? 2_000)
const SANDBOXED_STARTS = Number(process.env.BENCH_SANDBOXED_STARTS ?? 300)
const SLEEPERS = Number(process.env.BENCH_SLEEPERS ?? 2_000)
const IN_FLIGHT = 32

const directory = mkdtempSync(join(tmpdir(), 'taskport-bench-'))
const loop = join(directory, 'spawn-loop')
const host = probeHost()

class Bench {
  readonly executor: ProcessExecutor
  readonly #abort = new AbortController()
  readonly #exited = new Map<AttemptId, () => void>()
  readonly #watching: Promise<void>
  #executions = 0

  constructor(name: string, mode: 'off' | 'require') {
    const data = join(directory, name)
    mkdirSync(join(data, 'logs'), { recursive: true })
    this.executor = new ProcessExecutor({
      dataDirectory: data,
      cellCommand: [
        process.execPath,
        '--max-old-space-size=192',
        '--max-semi-space-size=1',
        '--disable-warning=ExperimentalWarning',
        fileURLToPath(new URL('../src/server/cell-main.ts', import.meta.url)),
      ],
      sandbox: { mode },
      logs: { directory: join(data, 'logs') },
      host,
    })
    this.#watching = this.#watch()
  }

  /** Starts per second of `count` programs, `IN_FLIGHT` at a time, from the first start to the last acknowledged exit. */
  async rate(count: number, argv: readonly string[]): Promise<number> {
    const began = performance.now()
    let left = count
    const worker = async (): Promise<void> => {
      while (left-- > 0) await this.#run(argv)
    }
    await Promise.all(Array.from({ length: IN_FLIGHT }, worker))
    return (count / (performance.now() - began)) * 1_000
  }

  async sleepers(count: number): Promise<void> {
    for (let i = 0; i < count; i += 100)
      await Promise.all(Array.from({ length: 100 }, () => this.#start(['/bin/sleep', '3600'])))
  }

  /** Proportional memory of this process and all cells, bytes. */
  memory(): number {
    globalThis.gc?.()
    return [process.pid, ...this.executor.cells().map(({ pid }) => pid)].reduce((sum, pid) => sum + pssOf(pid), 0)
  }

  async end(): Promise<void> {
    await this.executor.endAll()
    this.#abort.abort()
    await this.#watching
    await this.executor.detach()
  }

  async #run(argv: readonly string[]): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    await this.#start(argv, resolve)
    await promise
  }

  #start(argv: readonly string[], exited: () => void = () => {}): Promise<void> {
    const execution = asExecutionId(`019aa9c3-7f00-7000-8000-${String(++this.#executions).padStart(12, '0')}`)
    const attempt = attemptIdOf(execution, 0, 1)
    this.#exited.set(attempt, exited)
    return this.executor.start(attempt, {
      ...noop(argv),
      place: { ...PLACE, allocation: allocationIdOf(execution, 1) },
    })
  }

  async #watch(): Promise<void> {
    for await (const batch of this.executor.observations(this.#abort.signal)) {
      await this.executor.ack(batch)
      for (const { kind, attempt } of batch) {
        if (kind !== 'exited') continue
        this.#exited.get(attempt)?.()
        this.#exited.delete(attempt)
      }
    }
  }
}

const PLACE = {
  allocation: allocationIdOf(asExecutionId('bench'), 1),
  tenant: asTenant('bench'),
  node: asNodeId('here'),
}

const noop = (argv: readonly string[]): Work => ({
  place: PLACE,
  step: 'main',
  labels: {},
  run: { kind: 'run', argv, env: {} },
  env: {},
  resources: {},
  stop: { signal: 'SIGTERM', graceMs: 1_000 },
  hostPorts: [],
  closesAllocation: true,
})

function pssOf(pid: number): number {
  const kilobytes = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))
  return Number(kilobytes?.[1] ?? 0) * 1_024
}

function compile(): boolean {
  try {
    const source = fileURLToPath(new URL('./spawn-loop.c', import.meta.url))
    execFileSync('gcc', ['-O2', '-o', loop, source], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const loopRate = (count: number, argv: readonly string[]): number =>
  Number(execFileSync(loop, [String(count), '2', ...argv], { encoding: 'utf8' }))

/** The line that the executor runs for the same program. */
function sandboxLine(): string[] {
  const workspace = join(directory, 'workspace')
  mkdirSync(workspace, { recursive: true })
  const sandbox = { mode: 'require', allowedBinds: [], allowedRoots: [] } as const
  const names = { cell: '', directory, dataDirectory: directory, allocations: directory, trash: directory }
  const plan = planSandbox(
    { ...names, host, sandbox, logs: undefined },
    noop(['/bin/true']),
    workspace,
    () => workspace,
  )
  if ('refusal' in plan) throw new Error(plan.refusal.message)
  return [host.bwrap!, ...plan.argv, ...plan.last, '--', SANDBOX_LAUNCHER, '--', '/bin/true']
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
const shown = (value: number): string => value.toFixed(value < 10 ? 2 : 0)

async function compare(name: string, bench: Bench, starts: number, line: readonly string[], compiled: boolean) {
  await bench.rate(Math.min(200, starts), ['/bin/true'])
  const rounds: { readonly bare: number; readonly ours: number; readonly ratio: number }[] = []
  for (let i = 0; i < ROUNDS; i++) {
    const bare = compiled ? loopRate(starts, line) : Number.NaN
    const ours = await bench.rate(starts, ['/bin/true'])
    rounds.push({ bare, ours, ratio: ours / bare })
  }
  const of = (key: 'bare' | 'ours' | 'ratio'): string => shown(median(rounds.map((round) => round[key])))
  console.log(`${name}: ${of('ours')} starts/s, C loop ${of('bare')}/s, ratio ${of('ratio')}`)
}

async function main(): Promise<void> {
  const compiled = compile()
  console.log(`${cpus()[0]?.model} × ${cpus().length}, Node ${process.version}, ${ROUNDS} rounds`)
  const open = new Bench('open', 'off')
  await open.executor.ready()
  await compare('no sandbox', open, STARTS, ['/bin/true'], compiled)
  const before = open.memory()
  const rateBefore = await open.rate(STARTS, ['/bin/true'])
  await open.sleepers(SLEEPERS)
  const each = (open.memory() - before) / SLEEPERS
  const cells = open.executor.cells().length
  const rateBeside = await open.rate(STARTS, ['/bin/true'])
  console.log(`${SLEEPERS} sleepers: ${shown(each / 1_024)} KiB each in server and ${cells} cells`)
  console.log(`beside them: ${shown(rateBeside)} starts/s, ratio ${shown(rateBeside / rateBefore)}`)
  await open.end()
  if (host.bwrap !== undefined) {
    const closed = new Bench('closed', 'require')
    await closed.executor.ready()
    await compare('sandbox', closed, SANDBOXED_STARTS, sandboxLine(), compiled)
    await closed.end()
  }
  rmSync(directory, { recursive: true, force: true })
}

await main()
