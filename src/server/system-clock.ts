import type { Alarms, Clock } from '../core/ports/clock.ts'

/** The machine's wall clock. */
export const systemClock: Clock = { now: () => Date.now() }

/** Longest wait that a timer of Node takes, ms. */
const LONGEST_WAIT_MS = 2_147_483_647

/**
 * Alarms on the machine's steady timers: a wall clock that is set moves none of them. They keep no process alive.
 * An instant too far for one timer is waited for in stretches.
 */
export const systemAlarms: Alarms = {
  at(instant, ring) {
    let cancel = (): void => undefined
    const arm = (waitMs: number): void => {
      if (waitMs <= 0) {
        const immediate = setImmediate(ring)
        cancel = () => clearImmediate(immediate)
        return
      }
      const stretch = Math.min(waitMs, LONGEST_WAIT_MS)
      const timer = setTimeout(() => (stretch < waitMs ? arm(waitMs - stretch) : ring()), stretch).unref()
      cancel = () => clearTimeout(timer)
    }
    arm(instant - Date.now())
    return { cancel: () => cancel() }
  },
}
