import type { Instant } from '../core/instant.ts'
import type { Schedule } from '../core/task.ts'
import { lastFire, nextFire } from './fire-times.ts'

/** A time no older than this has not been missed: whoever asks is only a little late. */
export const ON_TIME_MS = 30_000
export const MOST_DUE = 100

/**
 * The times after `lastAt` up to `now` that are to fire, oldest first, at most 100. What is on time always fires; what was
 * missed as `catchUp` says: `none` of it, the `latest` unless one is on time, or `all`; nothing older than `catchUpWithinMs`.
 *
 * The caller keeps as the next `lastAt` the last time returned, or `now` when none was. Of more than 100 the rest come with the
 * next call. While a schedule is paused nothing is due; the caller moves `lastAt` along, or they count as missed afterwards.
 */
export function dueTimes(schedule: Schedule, lastAt: Instant, now: Instant): readonly Instant[] {
  if (schedule.paused === true || lastAt >= now) return []
  const oldest = now - Math.max(ON_TIME_MS, schedule.catchUpWithinMs ?? Number.POSITIVE_INFINITY)
  // `oldest` itself still counts, `lastAt` does not.
  const missedAfter = Math.max(lastAt, oldest - 1)
  if (schedule.catchUp === 'all') return timesBetween(schedule, missedAfter, now)
  const onTime = timesBetween(schedule, Math.max(lastAt, now - ON_TIME_MS - 1), now)
  if (schedule.catchUp === 'none' || onTime.length > 0) return onTime
  const latest = lastFire(schedule, now)
  return latest !== undefined && latest > missedAfter ? [latest] : []
}

function timesBetween(schedule: Schedule, after: Instant, until: Instant): readonly Instant[] {
  const times: Instant[] = []
  for (let at = nextFire(schedule, after); at !== undefined && at <= until; at = nextFire(schedule, at)) {
    times.push(at)
    if (times.length === MOST_DUE) break
  }
  return times
}
