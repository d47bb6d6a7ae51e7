import type { AttemptId } from '../../core/identity.ts'
import type { ContainerEngine } from './container-engine.ts'
import type { ContainerRun } from './container-run.ts'
import { LogFollower } from './log-follower.ts'
import type { LogOutlet } from './log-outlet.ts'

/** How much of a run's first words is kept, bytes. */
const FIRST_WORDS_BYTES = 300

/** The logs of what runs, each followed once from its beginning into the outlet. */
export class RunLogs {
  readonly #engine: ContainerEngine
  readonly #outlet: LogOutlet
  readonly #life: AbortSignal
  readonly #followers = new Map<AttemptId, LogFollower>()

  constructor(engine: ContainerEngine, outlet: LogOutlet, life: AbortSignal) {
    this.#engine = engine
    this.#outlet = outlet
    this.#life = life
  }

  /** An earlier server has followed it, and may have stored some. */
  resume({ attempt, terms }: ContainerRun): void {
    if (terms.logs !== undefined) this.#outlet.limit(terms.tenant, attempt, terms.logs)
    this.#outlet.resume(terms.tenant, attempt)
  }

  follow(run: ContainerRun): void {
    if (this.#followers.has(run.attempt)) return
    const { tenant, logs, terminal } = run.terms
    if (logs !== undefined) this.#outlet.limit(tenant, run.attempt, logs)
    const follower = new LogFollower(this.#engine, run.name, terminal === true, this.#life, (message) => {
      if (message.source === 'stderr') run.firstWords ??= message.bytes.toString('utf8', 0, FIRST_WORDS_BYTES)
      this.#outlet.write(tenant, run.attempt, message)
    })
    this.#followers.set(run.attempt, follower)
  }

  of(run: ContainerRun): LogFollower | undefined {
    return this.#followers.get(run.attempt)
  }

  forget(run: ContainerRun): void {
    this.#followers.delete(run.attempt)
  }
}
