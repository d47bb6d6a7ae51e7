import type { Usage } from '../../../core/exit.ts'
import type { Sight } from '../../../core/ports/executor.ts'
import type { LogWriter } from '../../../core/ports/log-store.ts'
import { reason } from '../../../core/reason.ts'
import type { CgroupHandle, CgroupUsage } from '../cgroup/cgroup.ts'
import { isFull } from './disks.ts'
import { exitOf } from './exit-of.ts'
import { hearLauncher, launchProblem } from './launcher-messages.ts'
import type { Networks } from './networks.ts'
import { readOutputs } from './outputs.ts'
import type { Places } from './places.ts'
import { monotonicMs, type Reactor, type Ready } from './reactor.ts'
import type { Run } from './run.ts'
import type { Stopper } from './stopper.ts'
import type { Strays } from './strays.ts'
import { sys, widenPipe } from './syscalls.ts'
import { wallMicros } from './wall-clock.ts'

export interface RunEnderParts {
  readonly reactor: Reactor
  readonly logs: LogWriter
  readonly places: Places
  readonly networks: () => Networks
  readonly stopper: Stopper
  readonly strays: Strays
  readonly started: (run: Run) => void
  readonly ended: (run: Run, sight: Sight) => void
  /** About to end: what goes on beside it ends first. */
  readonly ending: (run: Run) => void
  readonly wrote: () => void
}

/** Read at once; a widened pipe fills it. */
const chunk = Buffer.allocUnsafeSlow(262_144)
/** A pipe as the kernel makes it. */
const USUAL_PIPE_BYTES = 65_536
/** So many full reads make a heavy printer, whose pipe is widened: the default one would hold it up. */
const FULL_READS = 4
const WIDE_PIPE_BYTES = 1_048_576
const status = new Int32Array(1)
/** struct rusage: user and system time as two timevals, then the largest resident size in kB (getrusage(2)). */
const usage = new BigInt64Array(18)
const usageBytes = new Uint8Array(usage.buffer)
/** How long the pipes of a dead program may stay open because something else holds them, ms. */
const DRAIN_MS = 2_000
/** How long an exit may wait for a sweep that would cost too much now, ms. */
const SWEEP_PATIENCE_MS = 25
const GROUP_RETRY_MS = 5

/**
 * Follows a run from its spawn to its exit: reads its pipes, reaps it, sees that nothing is left, reports.
 * A run has ended when its root is reaped, its leftovers are dead and its pipes are at their end.
 */
export class RunEnder {
  readonly #parts: RunEnderParts
  #reaped: Run[] = []
  #unswept: Run[] = []
  #sweepPlanned = false

  constructor(parts: RunEnderParts) {
    this.#parts = parts
  }

  handlerOf(run: Run): Ready {
    return { ready: (fd) => this.#ready(run, fd) }
  }

  /** Ends what has come to its end in this round. */
  afterRound(): void {
    if (this.#unswept.length > 0) this.#sweep()
    if (this.#reaped.length === 0) return
    const isDrained = (run: Run): boolean => run.stdout < 0 && run.stderr < 0
    const drained = this.#reaped.filter(isDrained)
    this.#reaped = this.#reaped.filter((run) => !isDrained(run))
    for (const run of drained) this.#parts.reactor.guard(() => this.#end(run))
  }

  #ready(run: Run, fd: number): void {
    if (fd === run.pidfd) this.#reap(run)
    else if (fd === run.control) this.#hear(run)
    else this.#read(run, fd)
  }

  #read(run: Run, fd: number): void {
    const count = sys.read(fd, chunk, chunk.length)
    if (count <= 0) return this.#closePipe(run, fd)
    if (count >= USUAL_PIPE_BYTES && ++run.fullReads === FULL_READS) widen(run)
    const bytes = chunk.subarray(0, count)
    if (!run.started) run.firstWords ||= bytes.toString('utf8', 0, 300)
    this.#parts.logs.write(run.tenant, run.attempt, fd === run.stdout ? 'stdout' : 'stderr', bytes, wallMicros())
    this.#parts.wrote()
  }

  #hear(run: Run): void {
    const message = hearLauncher(run.control)
    switch (message?.kind) {
      case 'started':
        run.started = true
        run.startedAt = Date.now()
        this.#parts.started(run)
        break
      case 'failed':
        run.refusal = launchProblem(message.stage, message.errno, run)
        break
      case 'ended':
        run.status = message.status
        run.cpuMicros = message.cpuMicros
        run.peakBytes = message.peakBytes
        break
      default:
        this.#closeFd(run.control)
        run.control = -1
    }
  }

  #closePipe(run: Run, fd: number): void {
    if (fd < 0) return
    if (fd === run.stdout) run.stdout = -1
    else run.stderr = -1
    this.#closeFd(fd)
  }

  #closeFd(fd: number): void {
    this.#parts.reactor.forget(fd)
    sys.close(fd)
  }

  #reap(run: Run): void {
    // While the dead leader is not reaped its number names its group and nothing else.
    sys.kill(-run.pid, 9)
    if (sys.wait4(run.pid, status, 0, usageBytes) !== run.pid) status[0] = 9
    run.rootStatus = status[0]!
    while (run.control >= 0) this.#hear(run)
    if (run.status === undefined) account(run)
    this.#closeFd(run.pidfd)
    run.pidfd = -1
    this.#parts.stopper.forget(run)
    run.cgroup?.kill()
    run.drainTimer = this.#parts.reactor.timers.at(monotonicMs() + DRAIN_MS, () => this.#giveUpPipes(run))
    // A PID namespace or a control group leaves nothing; otherwise someone has to look.
    if (run.sandboxed || run.cgroup !== undefined) this.#reaped.push(run)
    else this.#unswept.push(run)
  }

  #sweep(): void {
    const now = monotonicMs()
    const { strays, reactor } = this.#parts
    if (now < strays.nextAt) return this.#planSweep(Math.min(strays.nextAt, now + SWEEP_PATIENCE_MS))
    const ended = new Set<string>()
    for (const run of this.#unswept) ended.add(run.attempt)
    for (const run of this.#reaped) ended.add(run.attempt)
    // What a killed stray had started is the cell's only when it is dead: look again until nothing is found.
    const killed = strays.sweep(ended)
    if (killed > 0 && !this.#sweepPlanned) {
      this.#sweepPlanned = true
      reactor.timers.at(now + 1, () => {
        this.#sweepPlanned = false
      })
      return
    }
    this.#reaped.push(...this.#unswept)
    this.#unswept = []
  }

  #planSweep(at: number): void {
    if (this.#sweepPlanned) return
    this.#sweepPlanned = true
    this.#parts.reactor.timers.at(at, () => {
      this.#sweepPlanned = false
    })
  }

  #giveUpPipes(run: Run): void {
    this.#closePipe(run, run.stdout)
    this.#closePipe(run, run.stderr)
  }

  #end(run: Run): void {
    this.#parts.stopper.forget(run)
    this.#parts.ending(run)
    run.network?.leave()
    run.place.runs--
    const group = run.cgroup?.usage()
    if (run.cgroup !== undefined) this.#removeGroup(run.cgroup)
    if (!run.started && run.refusal === undefined && run.cause === undefined) run.refusal = neverStarted(run)
    const outputs = run.started ? readOutputs(run.outputsPath) : {}
    this.#sayDiskFull(run)
    const log = this.#parts.logs.end(run.tenant, run.attempt)
    this.#parts.wrote()
    const closed = run.closesAllocation && this.#closePlace(run)
    this.#parts.ended(run, {
      kind: 'exited',
      exit: exitOf(run, (group?.oomKills ?? 0) > 0),
      ...(run.started ? { startedAt: run.startedAt, usage: usageOf(run, group) } : {}),
      ...outputs,
      log,
      ...(closed ? { closed: true } : {}),
    })
  }

  #sayDiskFull({ tenant, attempt, place: { disk } }: Run): void {
    if (disk === undefined || !isFull(disk)) return
    const line = Buffer.from(`the workspace is full: it may hold ${disk.bytes} bytes\n`)
    this.#parts.logs.write(tenant, attempt, 'system', line, wallMicros())
  }

  /** False when the disk does not let us: then the engine closes the allocation itself, later. */
  #closePlace(run: Run): boolean {
    try {
      this.#parts.networks().close(run.allocation)
      this.#parts.places.close(run.allocation)
      return true
    } catch {
      return false
    }
  }

  /** The kernel lets go of a group some moments after its last process. */
  #removeGroup(group: CgroupHandle): void {
    if (group.remove()) return
    this.#parts.reactor.timers.at(monotonicMs() + GROUP_RETRY_MS, () => this.#removeGroup(group))
  }
}

function account(run: Run): void {
  run.cpuMicros = Number((usage[0]! + usage[2]!) * 1_000_000n + usage[1]! + usage[3]!)
  const peakBytes = Number(usage[4]!) * 1024
  // A program that the cell spawned by itself begins its count at the cell's own size (exec keeps the maximum of the
  // memory it was spawned from): what is not above that is not known.
  run.peakBytes = peakBytes > process.resourceUsage().maxRSS * 1024 ? peakBytes : 0
}

function usageOf(run: Run, group: CgroupUsage | undefined): Usage {
  const peakMemoryBytes = group?.peakMemoryBytes ?? run.peakBytes
  return { cpuMicros: group?.cpuMicros ?? run.cpuMicros, ...(peakMemoryBytes > 0 ? { peakMemoryBytes } : {}) }
}

/** The launcher never spoke: what stands before it, the sandbox, failed. */
function neverStarted(run: Run): ReturnType<typeof reason> {
  const words = (run.firstWords ?? '').trim().split('\n')[0] ?? ''
  return reason('sandbox_unavailable', `the sandbox could not be set up${words === '' ? '' : `: ${words}`}`)
}

/** Unprivileged users have a limit on all their pipes together (pipe-user-pages-soft): then it stays as it is. */
function widen(run: Run): void {
  for (const fd of [run.stdout, run.stderr]) if (fd >= 0) widenPipe(fd, WIDE_PIPE_BYTES)
}
