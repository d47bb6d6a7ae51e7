/**
 * What Cloud Foundry has no field for, asked for by annotations of the task (README, "Beyond Cloud Foundry"):
 * `taskport/timeout`, `taskport/retries`, `taskport/concurrency`, `taskport/priority`, `taskport/schedule` with
 * `taskport/timezone` and `taskport/overlap`, `taskport/exit-code`.
 */
import type { Schedule } from '../../../core/task.ts'
import type { SubmissionRequest } from '../../../engine/submission-request.ts'
import type { Problems } from '../wire/message.ts'

export const EXIT_CODE_ANNOTATION = 'taskport/exit-code'

export type EngineWishes = Pick<SubmissionRequest, 'timeoutMs' | 'retry' | 'priority' | 'concurrency'>

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const KNOWN = ['timeout', 'retries', 'concurrency', 'priority', 'schedule', 'timezone', 'overlap', 'exit-code']
const OVERLAPS = ['skip', 'allow', 'replace'] as const

export function engineWishes(
  annotations: Readonly<Record<string, string | null>>,
  app: string,
  problems: Problems,
): EngineWishes {
  const get = (name: string): string | undefined => annotations[`taskport/${name}`] ?? undefined
  for (const key of Object.keys(annotations))
    if (key.startsWith('taskport/') && !KNOWN.includes(key.slice('taskport/'.length)))
      problems.add(
        `Metadata annotation key error: '${key}' is not one of ${KNOWN.map((k) => `taskport/${k}`).join(', ')}`,
      )
  const say = (name: string, words: string): undefined =>
    problems.add(`Metadata annotation value error: taskport/${name} must be ${words}`) as undefined
  const [timeout, retries, concurrency, priority] = ['timeout', 'retries', 'concurrency', 'priority'].map(get)
  const timeoutMs =
    timeout === undefined
      ? undefined
      : (durationMs(timeout) ?? say('timeout', 'a duration, e.g. 90 (seconds), 5m or 2h'))
  const limit = retries === undefined ? undefined : (count(retries) ?? say('retries', 'a whole number'))
  const most =
    concurrency === undefined ? undefined : (limitOf(concurrency, app) ?? say('concurrency', 'a number or name=number'))
  const first = priority === undefined ? undefined : (count(priority) ?? say('priority', 'a whole number'))
  return {
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(limit !== undefined && { retry: { on: 'failure', limit } }),
    ...(most !== undefined && { concurrency: [most] }),
    ...(first !== undefined && { priority: first }),
  }
}

/** When the task is to run again; undefined: never. The engine checks the expression and the time zone. */
export function scheduleOf(
  annotations: Readonly<Record<string, string | null>>,
  problems: Problems,
): Schedule | undefined {
  const cron = annotations['taskport/schedule'] ?? undefined
  const asked = annotations['taskport/overlap'] ?? 'skip'
  const overlap = OVERLAPS.find((name) => name === asked)
  if (!overlap) problems.add(`Metadata annotation value error: taskport/overlap must be one of ${OVERLAPS.join(', ')}`)
  if (cron === undefined || !overlap) return undefined
  return { cron, timezone: annotations['taskport/timezone'] ?? 'UTC', overlap, catchUp: 'latest' }
}

function durationMs(text: string): number | undefined {
  const found = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?\s*$/.exec(text)
  const ms = found ? Math.round(Number(found[1]) * UNITS[found[2] ?? 's']!) : Number.NaN
  return ms > 0 && Number.isSafeInteger(ms) ? ms : undefined
}

const count = (text: string): number | undefined => (/^\d{1,6}$/.test(text.trim()) ? Number(text) : undefined)

/** `3` (per app) or `name=3`. */
function limitOf(text: string, app: string): { readonly key: string; readonly limit: number } | undefined {
  const found = /^(?:([\w.-]+)=)?(\d{1,6})$/.exec(text.trim())
  return found && Number(found[2]) > 0 ? { key: `cf/${found[1] ?? app}`, limit: Number(found[2]) } : undefined
}
