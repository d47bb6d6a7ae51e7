import type { Instant } from '../core/instant.ts'
import type { Context } from './context.ts'

/** Work that returns by itself: one `tick` does one round, never waits for time to pass, and says what it did. */
export interface TickedService {
  readonly name: string
  /** `nextAt`: when the next round makes sense; absent: only when poked. */
  tick(now: Instant): Promise<{ readonly did: number; readonly nextAt?: Instant }>
  /** Ends what goes on between rounds. */
  stop?(): Promise<void>
}

/** Wait before a round that threw is tried again, ms. */
const AFTER_FAILURE_MS = 5_000

/** Runs one service's rounds, one at a time: at the instants it asks for, and whenever it is poked. */
export class ServiceRunner {
  readonly #context: Context
  readonly #service: TickedService
  #alarm: { cancel(): void } | undefined
  #round: Promise<void> | undefined
  #poked = false
  #stopped = true

  constructor(context: Context, service: TickedService) {
    this.#context = context
    this.#service = service
  }

  start(): void {
    this.#stopped = false
    this.poke()
  }

  /** There may be something to do now. */
  poke(): void {
    if (this.#stopped) return
    this.#poked = true
    this.#round ??= this.#rounds()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#alarm?.cancel()
    await this.#round
    await this.#service.stop?.()
  }

  async #rounds(): Promise<void> {
    while (this.#poked && !this.#stopped) {
      this.#poked = false
      const nextAt = await this.#once()
      this.#alarm?.cancel()
      if (nextAt !== undefined && !this.#stopped) this.#alarm = this.#context.alarms.at(nextAt, () => this.poke())
    }
    // In the same turn as the last look at `#poked`: a poke after this begins a new run.
    this.#round = undefined
  }

  async #once(): Promise<Instant | undefined> {
    try {
      return (await this.#service.tick(this.#context.now())).nextAt
    } catch (error) {
      if (!this.#stopped)
        this.#context.logger.error(
          { service: this.#service.name, error: String(error) },
          'a round failed; trying again',
        )
      return this.#context.now() + AFTER_FAILURE_MS
    }
  }
}
