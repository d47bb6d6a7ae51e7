import { invalid } from '../core/engine-error.ts'
import type { ExecutionId } from '../core/identity.ts'
import type { Micros } from '../core/instant.ts'

/**
 * A place in all the logs of one execution: for each attempt the number of the line that comes next. An attempt that is
 * not in it is at `since`, or at its beginning: so attempts that come later are read whole.
 */
export interface LogVector {
  readonly since: Micros | undefined
  /** By `<step ordinal>:<attempt number>`. */
  readonly next: ReadonlyMap<string, number>
}

export const encodeVector = (execution: ExecutionId, { since, next }: LogVector): string =>
  Buffer.from(JSON.stringify([execution, since ?? null, [...next]]), 'utf8').toString('base64url')

/** Throws `invalid` for a text that is no place in this execution's logs. */
export function decodeVector(execution: ExecutionId, text: string, field: 'after' | 'before'): LogVector {
  const [id, since, next] = parsed(text)
  const whole = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0
  const isEntry = (e: unknown): e is [string, number] => Array.isArray(e) && /^\d+:\d+$/.test(e[0]) && whole(e[1])
  if (id !== execution || !(since === null || whole(since)) || !Array.isArray(next) || !next.every(isEntry))
    throw invalid(field, 'not a place that a page of this log began or ended with')
  return { since: since === null ? undefined : Number(since), next: new Map(next) }
}

function parsed(text: string): readonly unknown[] {
  try {
    const content: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
    return Array.isArray(content) ? content : []
  } catch {
    return []
  }
}
