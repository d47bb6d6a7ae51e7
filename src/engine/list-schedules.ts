import type { Tenant } from '../core/identity.ts'
import type { Instant } from '../core/instant.ts'
import type { Schedule, Task } from '../core/task.ts'
import { allDocuments } from './all-documents.ts'
import type { Context } from './context.ts'
import type { ScheduleView } from './engine.ts'
import { nextOf, POSITIONS, SCHEDULED, type SchedulePosition } from './schedule-position.ts'
import { TASKS } from './tasks.ts'

/** What the tenant's schedules are about to do and did last, by task name. */
export async function listSchedules(context: Context, tenant: Tenant): Promise<readonly ScheduleView[]> {
  const { store } = context
  const positions = new Map<string, SchedulePosition>()
  for await (const found of allDocuments((page) => store.documents<SchedulePosition>(tenant, POSITIONS, page)))
    positions.set(found.key, found.body)
  const views: ScheduleView[] = []
  for await (const { body } of allDocuments((page) =>
    store.documents<Task>(tenant, TASKS, { ...page, index: SCHEDULED }),
  ))
    if (body.spec.schedule) views.push(viewOf(body, body.spec.schedule, positions.get(body.name), context.now()))
  return views
}

function viewOf(task: Task, schedule: Schedule, position: SchedulePosition | undefined, now: Instant): ScheduleView {
  const nextAt = nextOf(schedule, Math.max(now, position?.seenUntil ?? now))
  const { lastAt, lastExecution } = position ?? {}
  return {
    task: task.name,
    revision: task.revision,
    schedule,
    ...(nextAt !== undefined && { nextAt }),
    ...(lastAt !== undefined && { lastAt }),
    ...(lastExecution !== undefined && { lastExecution }),
  }
}
