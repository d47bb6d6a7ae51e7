import { currentAttempt, type Execution, isFinal, isFinalStep, stepsOf } from '../../../core/execution.ts'
import { shellCode } from '../../../core/exit.ts'
import type { Waiting } from '../../../engine/engine.ts'
import { awaitedActivity } from '../deployment/deployments-under-way.ts'
import { timestamp, timestampOrNull } from '../wire/timestamp.ts'
import type { ActivityRecord } from './activity-record.ts'
import { wordsOf } from './activity-type.ts'
import { causeElsewhere } from './closing-text.ts'
import {
  beganAt,
  commandsOf,
  completionPercentOf,
  failureReasonOf,
  resultOf,
  stateOf,
  timingsOf,
} from './life-cycle.ts'

/** What the vendor keeps (reference §3.1). */
const MONTH_MS = 30 * 86_400_000

/** What is not the execution's: when it is asked, and what it waits for. */
export interface Seen {
  readonly now: number
  readonly waiting: Waiting | undefined
}

/** The 24 keys of an Activity (reference §3.1) and its links. */
export function presentActivity(e: Execution, record: ActivityRecord, seen: Seen): object {
  const { acceptedAt } = e.submission
  const { status } = e
  const state = stateOf(e)
  return {
    id: record.activity,
    created_at: timestamp(acceptedAt),
    updated_at: timestamp(lastChangeOf(e)),
    type: record.type,
    parameters: {
      user: record.user,
      cluster: record.project,
      environment: record.environment,
      ...(record.task !== undefined && { task: record.task }),
    },
    project: record.project,
    integration: null,
    environments: [record.environment],
    state,
    result: resultOf(e),
    failure_reason: failureReasonOf(e),
    started_at: timestampOrNull(beganAt(e)),
    completed_at: timestampOrNull(isFinal(e) ? status.finishedAt : undefined),
    completion_percent: completionPercentOf(e),
    cancelled_at: timestampOrNull(state === 'cancelled' ? (status.finishedAt ?? status.stoppingAt) : undefined),
    timings: timingsOf(e, seen.now),
    log: 'The log of an activity is streamed: follow its link "log".',
    payload: payloadOf(e, record, seen),
    ...wordsOf(record, { id: record.user, name: record.userName }),
    expires_at: timestamp(acceptedAt + (e.submission.retentionMs ?? MONTH_MS)),
    commands: record.type === 'environment.task' ? commandsOf(e, record.task ?? '') : [],
    _links: linksOf(e, record),
  }
}

const activityPath = ({ project, environment, activity }: ActivityRecord): string =>
  `/projects/${encodeURIComponent(project)}/environments/${encodeURIComponent(environment)}/activities/${activity}`

function linksOf(e: Execution, record: ActivityRecord): object {
  const path = activityPath(record)
  const isCancellable = !isFinal(e) && e.status.desired === 'run'
  return {
    self: { href: path },
    log: { href: `${path}/log` },
    ...(isCancellable && { '#cancel': { href: `${path}/cancel` } }),
  }
}

/** The vendor's parts, and under `taskport` what its API has no field for. */
function payloadOf(e: Execution, record: ActivityRecord, seen: Seen): object {
  const { project, environment, user, task } = record
  return {
    user: { id: user, display_name: record.userName },
    project: { id: project },
    environment: { id: environment, name: environment },
    ...(task !== undefined && { task }),
    taskport: {
      execution: e.id,
      ...(record.variables && { variables: record.variables }),
      ...waitingOf(e, seen),
      ...(isFinal(e) && endOf(e, record)),
    },
  }
}

function waitingOf(e: Execution, { waiting }: Seen): object {
  const before = stepsOf(e).filter((step, i) => awaitedActivity(step) && !isFinalStep(e.status.steps[i]!.state))
  if (before.length > 0)
    return { waiting_for: `the activity ${awaitedActivity(before.at(-1)!)}`, queue_position: before.length }
  if (!waiting) return {}
  const { reason, position } = waiting
  return {
    waiting_for:
      reason.code === 'concurrency_limit'
        ? `no more than ${reason.facts?.limit} tasks run at a time on an environment`
        : reason.message,
    ...(position !== undefined && { queue_position: position }),
  }
}

/** Exit code, reason and use of the command, as fields and not as prose. */
function endOf(e: Execution, record: ActivityRecord): object {
  const ordinal = stepsOf(e).findIndex((step) => step.name === 'run')
  const attempt = ordinal === -1 ? undefined : currentAttempt(e.status.steps[ordinal]!)
  const { exit, usage } = attempt ?? {}
  const { reason } = e.status
  return {
    ...(exit && {
      exit_code: shellCode(exit) ?? null,
      outcome: exit.outcome,
      killed_after_grace: exit.killedAfterGrace === true,
    }),
    ...(reason && { reason: reason.code, reason_text: causeElsewhere(e, record) ?? reason.message }),
    ...(usage?.cpuMicros !== undefined && { cpu_seconds: usage.cpuMicros / 1e6 }),
    ...(usage?.peakMemoryBytes !== undefined && { peak_memory_bytes: usage.peakMemoryBytes }),
  }
}

function lastChangeOf(e: Execution): number {
  const { placedAt, startedAt, stoppingAt, finishedAt } = e.status
  return Math.max(e.submission.acceptedAt, placedAt ?? 0, startedAt ?? 0, stoppingAt ?? 0, finishedAt ?? 0)
}
