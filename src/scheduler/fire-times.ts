/**
 * When a schedule fires, by `croner`.
 *
 * Where clocks change (croner 11, option fixedTimeRule `no-wildcard`, the rule of Vixie cron; tested against a model):
 * C1. A schedule at fixed times (no `*`, `?` or step in seconds, minutes and hours) whose time is skipped fires once, at the
 *     first moment after the gap; one whose time comes twice fires at the first only.
 * C2. An interval schedule (with a wildcard or step there) keeps its rhythm in real time: skipped times do not fire, repeated ones
 *     fire on both passes.
 * C3. Day of month and day of week, when both are given, are joined by "or", as in every cron.
 */
import { Cron } from 'croner'
import type { Instant } from '../core/instant.ts'
import type { Schedule } from '../core/task.ts'
import { utcText } from './utc-text.ts'

export type CronTimes = Pick<Schedule, 'cron' | 'timezone'>

const MOST_KEPT = 1_000
const kept = new Map<string, Cron>()

/** The first time after `after`, exclusive; undefined when there is none. Throws what croner throws for a bad pattern. */
export function nextFire(times: CronTimes, after: Instant): Instant | undefined {
  return cronOf(times).nextRun(utcText(after))?.getTime()
}

/** The last time up to `until`, inclusive; undefined when there is none. */
export function lastFire(times: CronTimes, until: Instant): Instant | undefined {
  return cronOf(times)
    .previousRuns(1, utcText(until + 1))[0]
    ?.getTime()
}

function cronOf({ cron, timezone }: CronTimes): Cron {
  const key = `${timezone} ${cron}`
  const known = kept.get(key)
  if (known !== undefined) return known
  const parsed = new Cron(cron, { timezone, mode: '5-or-6-parts', fixedTimeRule: 'no-wildcard' })
  if (kept.size >= MOST_KEPT) kept.delete(kept.keys().next().value!)
  kept.set(key, parsed)
  return parsed
}
