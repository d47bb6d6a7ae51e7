import type { ExecutionId, Tenant } from '../core/identity.ts'
import type { Instant } from '../core/instant.ts'
import type { DocumentPut } from '../core/ports/store.ts'
import type { Schedule, Task } from '../core/task.ts'
import { nextFire } from '../scheduler/cron.ts'

export const POSITIONS = 'taskport/schedule'
/** The index by which tasks with an active schedule are found. */
export const SCHEDULED = { name: 'scheduled', value: 'yes' } as const

/** How far a task's schedule has come. */
export interface SchedulePosition {
  /** The revision that it was last read for. */
  readonly revision: number
  /** The times it belongs to: with others, or after a pause, a schedule begins anew. */
  readonly times: Pick<Schedule, 'cron' | 'timezone'> & { readonly paused: boolean }
  /** Every instant up to here ran, was skipped or was forgotten. */
  readonly seenUntil: Instant
  /** The instant that last ran, and as what. */
  readonly lastAt?: Instant
  readonly lastExecution?: ExecutionId
}

/** A clock that goes back further than this was wrong before: the position goes back with it, ms. */
const CORRECTED_CLOCK_MS = 86_400_000

export const timesOf = ({ cron, timezone, paused = false }: Schedule): SchedulePosition['times'] => ({
  cron,
  timezone,
  paused,
})

/** The position for this revision: the stored one as long as its times stay the same and it is not far in the future. */
export function positionFor(
  task: Task,
  schedule: Schedule,
  stored: SchedulePosition | undefined,
  now: Instant,
): SchedulePosition {
  const times = timesOf(schedule)
  const { revision } = task
  if (!stored || !sameTimes(stored.times, times))
    return { ...stored, revision, times, seenUntil: Math.min(task.registeredAt, now) }
  return stored.seenUntil > now + CORRECTED_CLOCK_MS ? { ...stored, revision, seenUntil: now } : stored
}

const sameTimes = (a: SchedulePosition['times'], b: SchedulePosition['times']): boolean =>
  a.cron === b.cron && a.timezone === b.timezone && a.paused === b.paused

/** The first instant after this one; none while it is paused. */
export const nextOf = (schedule: Schedule, after: Instant): Instant | undefined =>
  schedule.paused === true ? undefined : nextFire(schedule, after)

/** Refused when somebody else moved the position since it was read. */
export const putPosition = (
  tenant: Tenant,
  task: string,
  body: SchedulePosition,
  /** Version of the document as read; 0 when there was none. */
  expected: number,
): DocumentPut => ({
  kind: 'document.put',
  tenant,
  collection: POSITIONS,
  key: task,
  sort: task,
  body,
  expected,
})
