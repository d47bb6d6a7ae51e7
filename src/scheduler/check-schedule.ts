import { invalid } from '../core/engine-error.ts'
import type { Schedule } from '../core/task.ts'
import { nextFire } from './fire-times.ts'

const LONGEST = 200

/** Throws EngineError `invalid` naming the field below `path`, e.g. `schedule.cron`. */
export function checkSchedule(schedule: Schedule, path: string): void {
  checkTimezone(schedule.timezone, `${path}.timezone`)
  checkCron(schedule, `${path}.cron`)
  const { catchUpWithinMs } = schedule
  if (catchUpWithinMs !== undefined && !(Number.isSafeInteger(catchUpWithinMs) && catchUpWithinMs >= 0)) {
    throw invalid(`${path}.catchUpWithinMs`, 'must be a whole number of milliseconds, 0 or more')
  }
}

function checkTimezone(timezone: string, field: string): void {
  const isName = /^[A-Za-z][A-Za-z0-9_+/-]*$/.test(timezone) && timezone.length <= LONGEST
  if (!isName || !isKnown(timezone)) throw invalid(field, `${quoted(timezone)} is not a time zone, as Europe/Berlin is`)
}

function isKnown(timezone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: timezone })
    return true
  } catch {
    return false
  }
}

function checkCron(schedule: Schedule, field: string): void {
  const { cron } = schedule
  // With a colon croner takes the text for a date.
  if (cron.length > LONGEST || cron.includes(':')) {
    throw invalid(
      field,
      `${quoted(cron)} is not a cron expression: five or six fields, or @hourly, @daily and the like`,
    )
  }
  if (firstFire(schedule, field) === undefined) throw invalid(field, `${quoted(cron)} never comes`)
}

function firstFire(schedule: Schedule, field: string): number | undefined {
  try {
    return nextFire(schedule, 0)
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^CronPattern: /, '') : String(error)
    throw invalid(field, `${quoted(schedule.cron)} is not a cron expression: ${why}`)
  }
}

const quoted = (text: string): string => JSON.stringify(text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text)
