import type { Execution } from '../../../core/execution.ts'
import type { Call } from '../call.ts'
import { notFound } from '../errors.ts'
import { type ActivityRecord, recordOf } from './activity-record.ts'
import { presentActivity } from './present-activity.ts'

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
  const page = await call.engine.executions(call.tenant, { refs: { 'upsun.activity': activity } }, { limit: 1 })
  const execution = page.items[0]
  const record = execution && recordOf(execution)
  if (!execution || !record || record.project !== project) throw notFound('activity', activity)
  if (environment !== undefined && record.environment !== environment) throw notFound('activity', activity)
  return { execution, record }
}

export const presentFound = (call: Call, { execution, record }: Found): object =>
  presentActivity(execution, record, {
    now: call.engine.now(),
    waiting: call.engine.waiting(call.tenant, execution.id),
  })
