/**
 * An activity is an execution. What the API must tell of it besides stands in a label of its last step, so that listing
 * activities needs nothing but executions; what lists filter by are refs.
 */
import { createHash } from 'node:crypto'
import type { Execution } from '../../../core/execution.ts'
import type { ExecutionId } from '../../../core/identity.ts'
import type { Authorization } from '../auth.ts'
import type { RunType } from './activity-type.ts'

export interface ActivityRecord {
  /** 13 lower-case letters and digits. */
  readonly activity: string
  readonly type: RunType
  readonly project: string
  readonly environment: string
  /** UUID, and what it is called. */
  readonly user: string
  readonly userName: string
  readonly task?: string
  /** The build that it runs on. */
  readonly build?: string
  readonly timeoutSeconds?: number
  /** Names of the run's own variables; their values are not shown again. */
  readonly variables?: readonly string[]
  /** What tokens minted in the run may do. */
  readonly authorizations?: readonly Authorization[]
  /** Of a deployment: its id. */
  readonly deployment?: string
  /** The one whose change it deploys. */
  readonly variable?: string
  readonly tasks?: readonly string[]
}

const RECORD_LABEL = 'upsun'
export const recordLabel = (record: ActivityRecord): Readonly<Record<string, string>> => ({
  [RECORD_LABEL]: JSON.stringify(record),
})

/** One that is tried again has the plan of the first, and is an activity of its own. */
export function recordOf(e: Execution): ActivityRecord | undefined {
  const text = e.submission.plan.steps.at(-1)?.labels?.[RECORD_LABEL]
  if (text === undefined) return undefined
  const record = JSON.parse(text) as ActivityRecord
  return e.submission.trigger.kind === 'retry' ? { ...record, activity: activityIdOf(e.id) } : record
}

export const refsOf = (record: ActivityRecord): Readonly<Record<string, string>> => ({
  'upsun.activity': record.activity,
  'upsun.project': record.project,
  'upsun.environment': `${record.project}/${record.environment}`,
  'upsun.type': record.type,
})

export const activityIdOf = (id: ExecutionId): string => shortId(id)

/** 13 lower-case letters and digits, as projects and activities are named (reference §1.3). */
export function shortId(from: string): string {
  const number = BigInt(`0x${createHash('sha256').update(from).digest('hex').slice(0, 20)}`)
  return number.toString(36).padStart(13, '0').slice(-13)
}
