import type { Execution } from '../../../core/execution.ts'
import type { ExecutionFilter } from '../../../core/ports/store.ts'
import type { Call } from '../call.ts'
import { notFound } from '../errors.ts'
import { type ActivityRecord, recordOf } from './activity-record.ts'
import { presentActivity } from './present-activity.ts'

const PAGE = 100

export interface Found {
  readonly execution: Execution
  readonly record: ActivityRecord
}

export interface ActivityParams {
  readonly project: string
  /** Absent in the project's form of the path. */
  readonly environment?: string
  readonly activity: string
}

/** Throws 404; also when the path names another environment than the activity's. */
export async function findActivity(call: Call, params: ActivityParams): Promise<Found> {
  const { project, environment, activity } = params
  const first = { refs: { 'upsun.project': project, 'upsun.activity': activity } }
  // Others are tried again with the refs of the first.
  const again = { refs: { 'upsun.project': project }, trigger: 'retry' }
  const found = (await among(call, first, activity)) ?? (await among(call, again, activity))
  if (!found || (environment !== undefined && found.record.environment !== environment))
    throw notFound('activity', activity)
  return found
}

async function among(call: Call, filter: ExecutionFilter, activity: string): Promise<Found | undefined> {
  let after: string | undefined
  do {
    const page = await call.engine.executions(call.tenant, filter, { limit: PAGE, ...(after && { after }) })
    for (const execution of page.items) {
      const record = recordOf(execution)
      if (record?.activity === activity) return { execution, record }
    }
    after = page.next
  } while (after !== undefined)
  return undefined
}

export const presentFound = (call: Call, { execution, record }: Found): object =>
  presentActivity(execution, record, {
    now: call.engine.now(),
    waiting: call.engine.waiting(call.tenant, execution.id),
  })
