import type { Instant } from '../../../core/instant.ts'

/** ISO 8601 with microseconds and `+00:00` (reference §0.10). */
export const timestamp = (at: Instant): string => new Date(at).toISOString().replace('Z', '000+00:00')

export const timestampOrNull = (at: Instant | undefined): string | null => (at === undefined ? null : timestamp(at))

/** What `starts_at` says; undefined when it is no point in time. */
export function instantOf(text: string): Instant | undefined {
  const at = Date.parse(text.replace(/(\.\d{3})\d+/, '$1').replace(' ', '+'))
  return Number.isNaN(at) ? undefined : at
}
