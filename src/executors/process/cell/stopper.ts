import { SIGNAL_NUMBERS } from '../../../core/exit.ts'
import type { Reason } from '../../../core/reason.ts'
import type { StopHow } from '../../../core/step-spec.ts'
import { monotonicMs, type Reactor } from './reactor.ts'
import type { Run } from './run.ts'
import { sys } from './syscalls.ts'

const SIGKILL = 9

/** Ends runs before their time: signal, grace on the monotonic clock, then SIGKILL to everything. */
export class Stopper {
  readonly #reactor: Reactor

  constructor(reactor: Reactor) {
    this.#reactor = reactor
  }

  /** Idempotent: a second call signals no more, but a shorter grace counts. */
  stop(run: Run, how: StopHow): void {
    if (run.rootStatus !== undefined) return
    const first = run.cause === undefined
    run.cause ??= 'stop'
    if (first || run.killTimer === undefined) this.signal(run, SIGNAL_NUMBERS[how.signal] ?? SIGNAL_NUMBERS.SIGTERM!)
    this.#killIn(run, how.graceMs)
  }

  /** Sets the limit that `run` must not outlive. */
  limit(run: Run, afterMs: number, why: Reason): void {
    run.deadlineTimer = this.#reactor.timers.at(monotonicMs() + Math.max(0, afterMs), () => this.#timeOut(run, why))
  }

  /** To the program's whole process group. */
  signal(run: Run, number: number): void {
    if (run.rootStatus !== undefined) return
    if (run.control >= 0) sys.write(run.control, Uint8Array.of(number), 1)
    else sys.kill(-run.pid, number)
  }

  /** SIGKILL to all that belongs to it, at once. */
  kill(run: Run): void {
    if (run.rootStatus !== undefined) return
    run.cause ??= 'stop'
    this.signal(run, SIGKILL)
    run.cgroup?.kill()
    // Not before it is reaped is the number free for another process. Bubblewrap takes its sandbox along.
    sys.kill(-run.pid, SIGKILL)
  }

  /** No alarm of `run` rings any more. */
  forget(run: Run): void {
    this.#reactor.timers.cancel(run.killTimer)
    this.#reactor.timers.cancel(run.deadlineTimer)
    this.#reactor.timers.cancel(run.drainTimer)
  }

  #timeOut(run: Run, why: Reason): void {
    if (run.cause !== undefined || run.rootStatus !== undefined) return
    run.cause = 'timeout'
    run.timeoutReason = why
    this.stop(run, run.stop)
  }

  #killIn(run: Run, graceMs: number): void {
    const at = monotonicMs() + Math.max(0, graceMs)
    if (run.killTimer !== undefined && run.killAt <= at) return
    this.#reactor.timers.cancel(run.killTimer)
    run.killAt = at
    run.killTimer = this.#reactor.timers.at(at, () => {
      run.killedAfterGrace = true
      this.kill(run)
    })
  }
}
