import type { Micros } from '../../../core/instant.ts'

let offset = performance.timeOrigin
let checkedAt = Number.NEGATIVE_INFINITY

/** Wall clock in microseconds: the monotonic clock's precision, corrected when the wall clock was set. */
export function wallMicros(): Micros {
  const monotonic = performance.now()
  if (monotonic - checkedAt > 1000) {
    checkedAt = monotonic
    const real = Date.now() - monotonic
    if (Math.abs(real - offset) > 2) offset = real
  }
  return Math.round((offset + monotonic) * 1000)
}
