import type { Instant } from '../../../core/instant.ts'

/** Second precision, `Z`: how Cloud Controller writes every time. */
export const timestamp = (at: Instant): string => `${new Date(at).toISOString().slice(0, 19)}Z`

/** Milliseconds; undefined unless it is a time of second precision in UTC, the only form the API takes. */
export function parseTimestamp(text: string): Instant | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text)) return undefined
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : at
}
