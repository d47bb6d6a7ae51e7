import type { Instant } from '../core/instant.ts'

const DAY_MS = 86_400_000

/**
 * An instant as `2026-03-29T01:00:00.000Z`, the form in which the cron library takes instants. By arithmetic, because
 * these layers hold no Date. Years 0 to 9999. Days to dates after Howard Hinnant, "chrono-Compatible Low-Level Date
 * Algorithms", civil_from_days.
 */
export function utcText(instant: Instant): string {
  const days = Math.floor(instant / DAY_MS)
  const ms = instant - days * DAY_MS
  const [year, month, day] = dateOf(days)
  const [hours, minutes, seconds] = [
    Math.floor(ms / 3_600_000),
    Math.floor(ms / 60_000) % 60,
    Math.floor(ms / 1_000) % 60,
  ]
  return `${pad(year, 4)}-${pad(month)}-${pad(day)}T${pad(hours)}:${pad(minutes)}:${pad(seconds)}.${pad(ms % 1_000, 3)}Z`
}

const pad = (value: number, width = 2): string => String(value).padStart(width, '0')

/** Years run from March here, so that the leap day is a year's last. */
function dateOf(daysSinceEpoch: number): readonly [year: number, month: number, day: number] {
  const days = daysSinceEpoch + 719_468
  const era = Math.floor(days / 146_097)
  const ofEra = days - era * 146_097
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1_460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
  )
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const fromMarch = Math.floor((5 * ofYear + 2) / 153)
  const day = ofYear - Math.floor((153 * fromMarch + 2) / 5) + 1
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
  return [yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day]
}
