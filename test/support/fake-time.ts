import type { Instant } from '../../src/core/instant.ts'
import type { Alarms, Clock } from '../../src/core/ports/clock.ts'

interface Pending {
  /** On steady time. */
  readonly at: number
  readonly order: number
  readonly ring: () => void
}

/**
 * A clock that moves only when told, and the alarms on it, which ring in order of instant, then of setting. Like the
 * real ones, alarms run on steady time: setting the wall clock moves none of them.
 */
export class FakeTime implements Clock, Alarms {
  #steady: number
  /** Wall clock less steady time. */
  #offset = 0
  #order = 0
  #pending: Pending[] = []

  constructor(start: Instant = 1_700_000_000_000) {
    this.#steady = start
  }

  now(): Instant {
    return this.#steady + this.#offset
  }

  at(instant: Instant, ring: () => void): { cancel(): void } {
    const one: Pending = { at: Math.max(instant - this.#offset, this.#steady), order: ++this.#order, ring }
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

  /** When the next alarm rings, as the wall clock will say if nobody sets it. */
  get nextAt(): Instant | undefined {
    const next = this.#next()
    return next && next.at + this.#offset
  }

  /** Moves to the next alarm and rings it; false when there is none until `limit`. */
  step(limit: Instant = Number.POSITIVE_INFINITY): boolean {
    const next = this.#next()
    if (!next || next.at + this.#offset > limit) return false
    this.#pending = this.#pending.filter((p) => p !== next)
    this.#steady = Math.max(this.#steady, next.at)
    next.ring()
    return true
  }

  /** Moves on by `ms`, ringing what falls due, letting promises settle in between. */
  async advance(ms: number): Promise<void> {
    const until = this.#steady + ms
    await settled()
    while (this.step(until + this.#offset)) await settled()
    this.#steady = until
  }

  /** Sets the wall clock, forwards or back: no time passes by it. */
  set(instant: Instant): void {
    this.#offset += instant - this.now()
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
