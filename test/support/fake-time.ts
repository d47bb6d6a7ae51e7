import type { Instant } from '../../src/core/instant.ts'
import type { Alarms, Clock } from '../../src/core/ports/clock.ts'

interface Pending {
  readonly at: Instant
  readonly order: number
  readonly ring: () => void
}

/** A clock that moves only when told, and the alarms on it. Rings in order of instant, then of setting. */
export class FakeTime implements Clock, Alarms {
  #now: Instant
  #order = 0
  #pending: Pending[] = []

  constructor(start: Instant = 1_700_000_000_000) {
    this.#now = start
  }

  now(): Instant {
    return this.#now
  }

  at(instant: Instant, ring: () => void): { cancel(): void } {
    const one: Pending = { at: Math.max(instant, this.#now), order: ++this.#order, ring }
    this.#pending.push(one)
    return {
      cancel: () => {
        this.#pending = this.#pending.filter((p) => p !== one)
      },
    }
  }

  get pending(): number {
    return this.#pending.length
  }

  /** When the next alarm rings. */
  get nextAt(): Instant | undefined {
    return this.#next()?.at
  }

  /** Moves to the next alarm and rings it; false when there is none until `limit`. */
  step(limit = Number.POSITIVE_INFINITY): boolean {
    const next = this.#next()
    if (!next || next.at > limit) return false
    this.#pending = this.#pending.filter((p) => p !== next)
    this.#now = Math.max(this.#now, next.at)
    next.ring()
    return true
  }

  /** Moves on by `ms`, ringing what falls due, letting promises settle in between. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms
    await settled()
    while (this.step(until)) await settled()
    this.#now = until
  }

  /** Sets the wall clock, forwards or back, ringing nothing. */
  set(instant: Instant): void {
    this.#now = instant
  }

  /** Forgets every alarm: the process that set them is gone. */
  forget(): void {
    this.#pending = []
  }

  #next(): Pending | undefined {
    let best: Pending | undefined
    for (const p of this.#pending) if (!best || p.at < best.at || (p.at === best.at && p.order < best.order)) best = p
    return best
  }
}

/** Lets everything that waits for promises run on: microtasks and what they queue. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
