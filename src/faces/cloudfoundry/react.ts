/**
 * Executions' events → this face's records, in the commit that made them true: the task with its sequence number, its
 * usage events (one STARTED, one STOPPED, whatever is repeated), and what became of staging.
 */
import type { Execution } from '../../core/execution.ts'
import { isFinal } from '../../core/execution.ts'
import { shellCode } from '../../core/exit.ts'
import type { Document } from '../../core/ports/store.ts'
import type { DocumentChange, DocumentReader, Reactor } from '../../engine/reactor.ts'
import { put } from '../kit/documents.ts'
import { FACE } from './auth.ts'
import { COLLECTIONS } from './documents.ts'
import { sortOf } from './records.ts'
import { reactToStaging, STAGING_LABEL } from './staging/react-to-staging.ts'
import { putEnded } from './task/ended-task.ts'
import { eventGuid, type UsageEventType } from './task/event-guid.ts'
import { exitOf, failureOf, taskStateOf } from './task/life-cycle.ts'
import {
  isFinalTask,
  TASK_COUNTERS,
  type TaskRecord,
  type TaskWish,
  taskIndexes,
  WISH_LABEL,
} from './task/task-record.ts'
import { USAGE_COUNTER, usageEvent } from './task/usage-event.ts'

export const REACTOR: Reactor = {
  face: FACE,
  kinds: ['execution.state', 'execution.stopRequested', 'execution.removed'],
  async react(events, execution, documents) {
    const labels = execution.submission.plan.steps[0]?.labels ?? {}
    if (labels[STAGING_LABEL] !== undefined) return reactToStaging(labels[STAGING_LABEL], execution, documents)
    if (labels[WISH_LABEL] === undefined) return []
    const wish = JSON.parse(labels[WISH_LABEL]) as TaskWish
    if (events.some((e) => e.transition.kind === 'execution.removed')) return removalOf(execution, wish.app)
    return reactToTask(wish, execution, events[events.length - 1]!.at, documents)
  },
}

/** What was told of the task stays for its own time (task/prune-events.ts). */
function removalOf({ tenant, id }: Execution, app: string): readonly DocumentChange[] {
  const gone = (collection: string, key: string): DocumentChange => ({
    kind: 'document.delete',
    tenant,
    collection,
    key,
  })
  return [
    gone(COLLECTIONS.task, id),
    gone(COLLECTIONS.endedTask, id),
    { kind: 'counter.add', tenant, name: TASK_COUNTERS.removed(app), by: 1 },
    { kind: 'counter.add', tenant, name: TASK_COUNTERS.allRemoved, by: 1 },
  ]
}

async function reactToTask(
  wish: TaskWish,
  execution: Execution,
  at: number,
  documents: DocumentReader,
): Promise<readonly DocumentChange[]> {
  const { tenant, id } = execution
  const stored = await documents.document<TaskRecord>(tenant, COLLECTIONS.task, id)
  const before = stored?.body
  const after = recordAfter(before ?? firstRecord(wish, execution), execution, at, before === undefined)
  const usage = usageAfter(before, after, execution, at)
  const isOver = before?.ended === undefined && after.ended !== undefined
  return [
    ...(before ? [changed(after, execution, stored!)] : inserted(after, execution)),
    ...(isOver ? [putEnded(tenant, after, after.ended)] : []),
    ...usage,
  ]
}

const firstRecord = ({ metadata, ...wish }: TaskWish, { id, submission }: Execution): TaskRecord => ({
  ...wish,
  guid: id,
  created: submission.acceptedAt,
  updated: submission.acceptedAt,
  seq: 0,
  state: 'PENDING',
  failure: null,
  metadata,
})

function recordAfter(before: TaskRecord, e: Execution, at: number, isNew: boolean): TaskRecord {
  const state = taskStateOf(e)
  if (!isNew && state === before.state) return before
  const exit = isFinal(e) ? exitOf(e) : undefined
  const code = exit && shellCode(exit)
  return {
    ...before,
    state,
    updated: at,
    failure: failureOf(e, before.name),
    ...(before.ran === undefined && e.status.epoch > 0 && { ran: at }),
    ...(isFinalTask(state) && { ended: at }),
    ...(code !== undefined && { exitCode: code }),
  }
}

/** The first record takes the app's next number. */
function inserted(task: TaskRecord, { tenant }: Execution): readonly DocumentChange[] {
  const { seq: _none, ...indexes } = taskIndexes(task)
  const assign = [{ field: 'seq', counter: TASK_COUNTERS.sequence(task.app), index: 'seq' }]
  return [
    put(tenant, COLLECTIONS.task, task.guid, task, { sort: sortOf(task), indexes, assign }),
    { kind: 'counter.add', tenant, name: TASK_COUNTERS.all, by: 1 },
  ]
}

const changed = (task: TaskRecord, { tenant }: Execution, stored: Document<TaskRecord>): DocumentChange =>
  put(tenant, COLLECTIONS.task, task.guid, task, {
    sort: stored.sort,
    indexes: taskIndexes(task),
    expected: stored.version,
  })

function usageAfter(
  before: TaskRecord | undefined,
  after: TaskRecord,
  { tenant }: Execution,
  at: number,
): readonly DocumentChange[] {
  const events: DocumentChange[] = []
  const tell = (state: UsageEventType): void => {
    const previous = state === 'TASK_STARTED' ? 'PENDING' : (before?.state ?? 'RUNNING')
    const event = usageEvent(eventGuid(after.guid, state), after, state, at, previous)
    const assign = [{ field: 'number', counter: USAGE_COUNTER, sort: true }]
    events.push(put(tenant, COLLECTIONS.usageEvent, event.guid, event, { assign }))
  }
  if (before?.ran === undefined && after.ran !== undefined) tell('TASK_STARTED')
  if (before?.ended === undefined && after.ended !== undefined && after.ran !== undefined) tell('TASK_STOPPED')
  return events
}
