import { type Duration, durationMs } from '@bufbuild/protobuf/wkt'
import { invalidArgument } from '../errors.ts'

const DEFAULT_MS = 3_600_000
const SHORTEST_MS = 300_000
const LONGEST_MS = 7_200_000

/** The vendor's bounds (ona.md 6). Throws `invalid_argument`. */
export function parseTimeout(field: string, duration: Duration | undefined): number {
  if (duration === undefined) return DEFAULT_MS
  const ms = durationMs(duration)
  if (ms < SHORTEST_MS || ms > LONGEST_MS) throw invalidArgument(`${field}: must be between 300s and 7200s`)
  return ms
}
