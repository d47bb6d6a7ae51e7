import type { Usage } from '../../../core/exit.ts'
import type { Sight } from '../../../core/ports/executor.ts'
import type { LogWriter } from '../../../core/ports/log-store.ts'
import { exitOf } from './exit-of.ts'
import type { Places } from './places.ts'
import { monotonicMs, type Reactor, type Ready } from './reactor.ts'
import type { Run } from './run.ts'
import type { Stopper } from './stopper.ts'
import { EPOLLERR, EPOLLHUP, EPOLLIN, sys } from './syscalls.ts'
import { wallMicros } from './wall-clock.ts'

export interface RunEnderParts {
  readonly reactor: Reactor
  readonly logs: LogWriter
  readonly places: Places
  readonly stopper: Stopper
  readonly started: (run: Run) => void
  readonly ended: (run: Run, sight: Sight) => void
  readonly wrote: () => void
}

const chunk = Buffer.allocUnsafeSlow(64 * 1024)
const status = new Int32Array(1)
/** struct rusage: user and system time as two timevals, then the largest resident size in kB (getrusage(2)). */
const usage = new BigInt64Array(18)
const usageBytes = new Uint8Array(usage.buffer)
/** How long the pipes of a dead program may stay open because something else holds them, ms. */
const DRAIN_MS = 2_000

/**
 * Follows a run from its spawn to its exit: reads its pipes, reaps it, sees that nothing is left, reports.
 * A run has ended when its root is reaped, its pipes are at their end and its leftovers are dead.
 */
export class RunEnder {
  readonly #parts: RunEnderParts
  #reaped: Run[] = []

  constructor(parts: RunEnderParts) {
    this.#parts = parts
  }

  handlerOf(run: Run): Ready {
    return { ready: (fd, events) => this.#ready(run, fd, events) }
  }

  /** Ends what has come to its end in this round. */
  afterRound(): void {
    if (this.#reaped.length === 0) return
    const waiting: Run[] = []
    for (const run of this.#reaped) {
      if (run.stdout < 0 && run.stderr < 0) this.#end(run)
      else waiting.push(run)
    }
    this.#reaped = waiting
  }

  #ready(run: Run, fd: number, events: number): void {
    if (fd === run.pidfd) this.#reap(run)
    else if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) !== 0) this.#read(run, fd)
  }

  #read(run: Run, fd: number): void {
    const count = sys.read(fd, chunk, chunk.length)
    if (count <= 0) return this.#closePipe(run, fd)
    const source = fd === run.stdout ? 'stdout' : 'stderr'
    this.#parts.logs.write(run.tenant, run.attempt, source, chunk.subarray(0, count), wallMicros())
    this.#parts.wrote()
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
    run.cpuMicros = Number((usage[0]! + usage[2]!) * 1_000_000n + usage[1]! + usage[3]!)
    run.peakBytes = Number(usage[4]!) * 1024
    this.#closeFd(run.pidfd)
    run.pidfd = -1
    this.#parts.stopper.forget(run)
    this.#reaped.push(run)
    run.drainTimer = this.#parts.reactor.timers.at(monotonicMs() + DRAIN_MS, () => this.#giveUpPipes(run))
  }

  #giveUpPipes(run: Run): void {
    this.#closePipe(run, run.stdout)
    this.#closePipe(run, run.stderr)
  }

  #end(run: Run): void {
    this.#parts.stopper.forget(run)
    run.place.runs--
    const log = this.#parts.logs.end(run.tenant, run.attempt)
    this.#parts.wrote()
    if (run.closesAllocation) this.#parts.places.close(run.allocation)
    this.#parts.ended(run, {
      kind: 'exited',
      exit: exitOf(run, false),
      startedAt: run.startedAt,
      usage: usageOf(run),
      log,
      ...(run.closesAllocation ? { closed: true } : {}),
    })
  }
}

const usageOf = (run: Run): Usage => ({ cpuMicros: run.cpuMicros, peakMemoryBytes: run.peakBytes })
