/**
 * What AWS has no field for, asked for by tags on the task or its definition (documented in README.md):
 * `TIMEOUT` in seconds and `taskport:timeout`, `taskport:retries`, `taskport:queue`, `taskport:retention`,
 * `taskport:priority`, `taskport:concurrency`.
 */
import type { SubmissionRequest } from '../../../engine/submission-request.ts'
import { invalidParameter } from '../errors.ts'
import type { Tag } from '../tags.ts'

export type EngineWishes = Pick<
  SubmissionRequest,
  'timeoutMs' | 'retry' | 'ifNoRoom' | 'retentionMs' | 'priority' | 'concurrency'
>

export function engineWishes(tags: readonly Tag[], scope: string): EngineWishes {
  const byKey = new Map(tags.map((t) => [t.key, t.value]))
  const get = <T>(key: string, read: (key: string, value: string) => T): T | undefined => {
    const value = byKey.get(key)
    return value === undefined ? undefined : read(key, value)
  }
  const timeoutMs = get('taskport:timeout', durationMs) ?? get('TIMEOUT', durationMs)
  const retries = get('taskport:retries', count)
  const retentionMs = get('taskport:retention', durationMs)
  const priority = get('taskport:priority', count)
  const concurrency = get('taskport:concurrency', concurrencyLimit(scope))
  return {
    ifNoRoom: get('taskport:queue', isYes) ? 'queue' : 'refuse',
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(retries !== undefined && { retry: { on: 'failure', limit: retries } }),
    ...(retentionMs !== undefined && { retentionMs }),
    ...(priority !== undefined && { priority }),
    ...(concurrency !== undefined && { concurrency: [concurrency] }),
  }
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `90` (seconds), `90s`, `5m`, `2h`. */
function durationMs(key: string, value: string): number {
  const found = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?\s*$/.exec(value)
  const ms = found ? Math.round(Number(found[1]) * UNITS[found[2] ?? 's']!) : Number.NaN
  if (ms > 0 && Number.isSafeInteger(ms)) return ms
  throw invalidParameter(`Tag ${key} must be a duration, e.g. 90 (seconds), 5m or 2h; it is '${value}'.`)
}

function count(key: string, value: string): number {
  if (/^\d{1,6}$/.test(value.trim())) return Number(value)
  throw invalidParameter(`Tag ${key} must be a whole number; it is '${value}'.`)
}

function isYes(key: string, value: string): boolean {
  if (/^(true|yes|1)$/i.test(value)) return true
  if (/^(false|no|0)$/i.test(value)) return false
  throw invalidParameter(`Tag ${key} must be true or false; it is '${value}'.`)
}

/** `3` (per task definition family) or `name=3`. */
function concurrencyLimit(scope: string): (key: string, value: string) => { key: string; limit: number } {
  return (key, value) => {
    const found = /^(?:([\w.-]+)=)?(\d{1,6})$/.exec(value.trim())
    if (!found || Number(found[2]) === 0)
      throw invalidParameter(`Tag ${key} must be a number or name=number; it is '${value}'.`)
    return { key: `ecs/${found[1] ?? scope}`, limit: Number(found[2]) }
  }
}
