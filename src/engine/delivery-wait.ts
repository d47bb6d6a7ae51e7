const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** Between a delivery's tries, ms: twelve tries over about twenty hours. */
const WAITS: readonly number[] = [
  5 * SECOND,
  30 * SECOND,
  2 * MINUTE,
  5 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  4 * HOUR,
  6 * HOUR,
  6 * HOUR,
]
export const MOST_TRIES = WAITS.length + 1

/** Spread by a tenth, so that deliveries that failed together do not return together. */
const SPREAD = 0.1

/** Until the next try after so many, ms; undefined: it is given up. `chance` in [0, 1). */
export function deliveryWait(tries: number, chance: number): number | undefined {
  const wait = WAITS[tries - 1]
  return wait === undefined ? undefined : Math.round(wait * (1 + SPREAD * (2 * chance - 1)))
}

const FAILURES_BEFORE_PAUSE = 5
const LONGEST_PAUSE_MS = 5 * MINUTE

/** A receiver that failed so many times in a row is left alone for this long, ms: new events wait in order meanwhile. */
export function pauseAfter(failures: number): number {
  if (failures < FAILURES_BEFORE_PAUSE) return 0
  return Math.min(LONGEST_PAUSE_MS, 5 * SECOND * 2 ** Math.min(failures - FAILURES_BEFORE_PAUSE, 10))
}
