import { asExecutionId } from '../../src/core/identity.ts'
import type { Chance, Ids } from '../../src/core/ports/clock.ts'

/** The same numbers for the same seed (mulberry32). */
export function seededChance(seed: number): Chance {
  let state = seed >>> 0
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0
      let t = state
      t = Math.imul(t ^ (t >>> 15), t | 1)
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
      return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
    },
  }
}

/** Ids that count up, in the shape of UUIDs of version 7. */
export function countingIds(): Ids {
  let count = 0
  const next = (): string => `00000000-0000-7000-8000-${(++count).toString(16).padStart(12, '0')}`
  return { execution: () => asExecutionId(next()), other: next }
}
