import type { Alarms, Clock } from '../core/ports/clock.ts'

/** The machine's wall clock. */
export const systemClock: Clock = { now: () => Date.now() }

/** Longest stretch slept at once, ms: a wall clock set forward is noticed no later than this. */
const LONGEST_SLEEP_MS = 30_000

/** Alarms on the machine's timers. They keep no process alive. */
export const systemAlarms: Alarms = {
  at(instant, ring) {
    let cancel = (): void => undefined
    const arm = (): void => {
      const wait = instant - Date.now()
      if (wait <= 0) {
        const immediate = setImmediate(ring)
        cancel = () => clearImmediate(immediate)
        return
      }
      const timer = setTimeout(arm, Math.min(wait, LONGEST_SLEEP_MS)).unref()
      cancel = () => clearTimeout(timer)
    }
    arm()
    return { cancel: () => cancel() }
  },
}
