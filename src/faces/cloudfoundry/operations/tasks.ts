/** The seven routes of tasks. */

import { asExecutionId } from '../../../core/identity.ts'
import { findApp } from '../app/find-app.ts'
import { COLLECTIONS } from '../documents.ts'
import { notAuthorized, notFound, unprocessable } from '../errors.ts'
import { type Answer, accepted, type Call, type Operation, ok } from '../operation.ts'
import { createTask } from '../task/create-task.ts'
import { findTask } from '../task/find-task.ts'
import { changedTasks, listAppTasks, listTasks } from '../task/list-tasks.ts'
import { presentTask } from '../task/present-task.ts'
import { refreshSeriesOf } from '../task/refresh-series.ts'
import { changeSeries } from '../task/series.ts'
import { shortlyAfter } from '../task/shortly-after.ts'
import { isFinalTask, type TaskRecord, taskIndexes } from '../task/task-record.ts'
import { Problems } from '../wire/message.ts'
import { changedMetadata, parseMetadata } from '../wire/metadata.ts'
import { auditChange } from './audit-events.ts'

/** Annotations that say when a task runs again. */
const SCHEDULING = ['taskport/schedule', 'taskport/timezone', 'taskport/overlap']

const viewOf = (call: Call, showsCommand: boolean) => ({ base: call.base, options: call.options, showsCommand })

async function show(call: Call, task: TaskRecord): Promise<object> {
  return presentTask(task, viewOf(call, await call.access.canReadSecrets(task)))
}

const create = async (call: Call): Promise<Answer> =>
  accepted(presentTask(await shortlyAfter(call, await createTask(call)), viewOf(call, true)))

async function update(call: Call): Promise<Answer> {
  const body = call.body()
  const problems = new Problems(body, ['metadata'])
  const change = parseMetadata(body.metadata, problems)
  problems.check()
  const task = await findTask(call, call.param('guid'))
  await call.access.checkWriteSpace(task)
  changedMetadata(task.metadata, change, problems)
  problems.check()
  const changed = { ...task, metadata: changedMetadata(task.metadata, change) }
  const isRescheduled = Object.keys(change.annotations).some((key) => SCHEDULING.includes(key))
  const series = isRescheduled ? await changeSeries(call, changed, problems) : task.series
  if (isRescheduled) await refreshSeriesOf(call, task.app)
  const after = await call.records.change<TaskRecord>(
    COLLECTIONS.task,
    task.guid,
    ({ series: _former, ...t }) => ({
      ...t,
      ...(series !== undefined && { series }),
      metadata: changedMetadata(t.metadata, change),
    }),
    taskIndexes,
    // As in Cloud Controller, where labels have tables of their own: a task's updates are those of its state.
    false,
  )
  changedTasks()
  if (!after) throw notFound('Task')
  return ok(await show(call, after))
}

async function cancel(call: Call): Promise<Answer> {
  const task = await findTask(call, call.param('guid'))
  if (!(await call.access.canManageApps(task))) throw notAuthorized()
  await call.access.checkManageApps(task)
  if (isFinalTask(task.state)) throw cannotCancel(task.state)
  if (task.state === 'CANCELING') return accepted(await show(call, task))
  const stopped = await call.engine.stop(call.caller.tenant, asExecutionId(task.guid), { by: call.caller.name })
  const after = (await call.records.find<TaskRecord>(COLLECTIONS.task, task.guid)) ?? task
  // It ended by itself before the stop was heard.
  if (stopped.status.stopCause === undefined) throw cannotCancel(after.state)
  await call.records.save(auditChange(call, 'audit.app.task.cancel', await findApp(call, task.app), task))
  return accepted(await show(call, { ...after, state: 'CANCELING', failure: null }))
}

const cannotCancel = (state: string): Error => unprocessable(`Task state is ${state} and therefore cannot be canceled`)

export const TASK_OPERATIONS: readonly Operation[] = [
  { method: 'POST', path: '/v3/apps/:guid/tasks', answer: create },
  { method: 'GET', path: '/v3/apps/:guid/tasks', answer: listAppTasks },
  { method: 'GET', path: '/v3/tasks', answer: listTasks },
  {
    method: 'GET',
    path: '/v3/tasks/:guid',
    answer: async (call) => ok(await show(call, await findTask(call, call.param('guid')))),
  },
  { method: 'PATCH', path: '/v3/tasks/:guid', answer: update },
  { method: 'POST', path: '/v3/tasks/:guid/actions/cancel', answer: cancel },
  // Deprecated, and what the cf CLI and cf-java-client call.
  { method: 'PUT', path: '/v3/tasks/:guid/cancel', answer: cancel },
]
