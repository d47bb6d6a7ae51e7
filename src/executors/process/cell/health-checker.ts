import type { HealthCheck } from '../../../core/step-spec.ts'
import { monotonicMs, type Reactor } from './reactor.ts'
import type { Run, RunExtras } from './run.ts'
import type { SideProcess, SideProcesses } from './side-process.ts'
import type { Timer } from './timer-heap.ts'

/**
 * Checks one program's health on its schedule. The first verdict ends UNKNOWN; from then on only changes are told.
 * A failure within the start period counts only once the program was healthy.
 */
export class HealthChecker implements RunExtras {
  readonly #run: Run
  readonly #check: HealthCheck
  readonly #reactor: Reactor
  readonly #sides: SideProcesses
  readonly #devNull: number
  readonly #tell: (health: 'healthy' | 'unhealthy') => void
  readonly #beganAt = monotonicMs()
  #health: 'healthy' | 'unhealthy' | undefined
  #failures = 0
  #timer: Timer | undefined
  #process: SideProcess | undefined
  #ended = false

  constructor(
    run: Run,
    check: HealthCheck,
    reactor: Reactor,
    sides: SideProcesses,
    devNull: number,
    tell: (health: 'healthy' | 'unhealthy') => void,
  ) {
    this.#run = run
    this.#check = check
    this.#reactor = reactor
    this.#sides = sides
    this.#devNull = devNull
    this.#tell = tell
    this.#plan()
  }

  end(): void {
    this.#ended = true
    this.#reactor.timers.cancel(this.#timer)
    this.#process?.kill()
  }

  #plan(): void {
    if (!this.#ended) this.#timer = this.#reactor.timers.at(monotonicMs() + this.#check.intervalMs, () => this.#begin())
  }

  #begin(): void {
    if (!this.#run.started) return this.#plan()
    const fds = [this.#devNull, this.#devNull, this.#devNull] as const
    this.#process = this.#sides.start(this.#run, { argv: this.#check.argv, fds }, (status) => this.#judge(status === 0))
    if (this.#process === undefined) return this.#judge(false)
    this.#timer = this.#reactor.timers.at(monotonicMs() + this.#check.timeoutMs, () => this.#process?.kill())
  }

  #judge(passed: boolean): void {
    this.#process = undefined
    if (this.#ended) return
    this.#reactor.timers.cancel(this.#timer)
    const starting = this.#health === undefined && monotonicMs() - this.#beganAt < this.#check.startPeriodMs
    this.#failures = passed || starting ? 0 : this.#failures + 1
    if (passed) this.#say('healthy')
    else if (this.#failures >= Math.max(1, this.#check.retries)) this.#say('unhealthy')
    this.#plan()
  }

  #say(health: 'healthy' | 'unhealthy'): void {
    if (this.#health !== health) this.#tell(health)
    this.#health = health
  }
}
