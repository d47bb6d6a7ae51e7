/** CreateTask, GetTask, ListTasks, UpdateTask, DeleteTask. */
import type { MessageInitShape } from '@bufbuild/protobuf'
import { isEngineError } from '../../../core/engine-error.ts'
import { changeAgain } from '../../kit/documents.ts'
import { automationsOf, checkDependencies, inTurn, putAutomation, putReference } from '../automation/automations-of.ts'
import { listAutomations } from '../automation/list-automations.ts'
import { madeBefore } from '../automation/made-before.ts'
import { parseCommand, parseRunsOn, parseTriggers, parseVariables } from '../automation/parse-automation.ts'
import { removeAutomation } from '../automation/remove-automation.ts'
import { type Call, isNamed } from '../call.ts'
import { COLLECTIONS, type TaskRecord } from '../documents.ts'
import { findLastingEnvironment } from '../environment/find-environment.ts'
import { alreadyExists } from '../errors.ts'
import type * as wire from '../gen/gitpod/v1/environment_automation_pb.js'
import { ResourceOperation, ResourceType } from '../gen/gitpod/v1/event_pb.js'
import { findTask } from '../task/find-task.ts'
import { presentTask } from '../task/present-task.ts'
import { creatorOf } from '../wire/subject.ts'
import { needReference, needText, needUuids } from '../wire/validate.ts'

export async function createTask(
  call: Call,
  request: wire.CreateTaskRequest,
): Promise<MessageInitShape<typeof wire.CreateTaskResponseSchema>> {
  const { body: environment } = await findLastingEnvironment(call, request.environmentId)
  const task = parseTask(call, environment.id, request)
  return inTurn(environment.id, async () => {
    checkDependencies(task, await automationsOf(call, environment.id))
    return { task: presentTask(await insertTask(call, task)) }
  })
}

function parseTask(call: Call, environment: string, { metadata, spec, dependsOn }: wire.CreateTaskRequest): TaskRecord {
  const runsOn = parseRunsOn(spec?.runsOn, 'spec.runs_on')
  return {
    id: call.engine.newExecutionId(),
    environment,
    reference: needReference('metadata.reference', metadata?.reference ?? ''),
    name: needText('metadata.name', metadata?.name ?? ''),
    description: metadata?.description ?? '',
    createdAt: call.engine.now(),
    creator: creatorOf(call.caller.principal),
    triggeredBy: parseTriggers(metadata?.triggeredBy ?? []),
    spec: {
      command: parseCommand('spec.command', spec?.command ?? ''),
      ...(runsOn && { runsOn }),
      env: parseVariables(spec?.env ?? [], 'spec.env'),
      prebuildRequiresSuccess: spec?.prebuildRequiresSuccess ?? false,
    },
    dependsOn: [...new Set(needUuids('depends_on', dependsOn))],
  }
}

/** Throws `already_exists` when the name is taken: the name and the task are one commit. */
async function insertTask(call: Call, task: TaskRecord): Promise<TaskRecord> {
  try {
    await call.engine.saveDocuments([
      putReference(call.tenant, task),
      putAutomation(call.tenant, COLLECTIONS.task, task, 0),
    ])
  } catch (error) {
    if (!isEngineError(error, 'conflict')) throw error
    const before = await madeBefore(call, COLLECTIONS.task, task)
    if (before) return before.body
    throw alreadyExists(`an automation with reference ${task.reference} already exists`)
  }
  call.hub.tell(call.tenant, task.environment, ResourceOperation.CREATE, ResourceType.TASK, task.id)
  return task
}

export async function getTask(
  call: Call,
  { id }: wire.GetTaskRequest,
): Promise<MessageInitShape<typeof wire.GetTaskResponseSchema>> {
  return { task: presentTask((await findTask(call, id)).body) }
}

export async function listTasks(
  call: Call,
  request: wire.ListTasksRequest,
): Promise<MessageInitShape<typeof wire.ListTasksResponseSchema>> {
  const filter = request.filter && { ...request.filter, ids: request.filter.taskIds, idField: 'filter.task_ids' }
  const { items, next } = await listAutomations<TaskRecord>(call, COLLECTIONS.task, request.pagination, filter)
  return { pagination: { nextToken: next ?? '' }, tasks: items.map(({ body }) => presentTask(body)) }
}

export async function updateTask(call: Call, request: wire.UpdateTaskRequest): Promise<object> {
  const { environment } = (await findTask(call, request.id)).body
  const change = async (): Promise<TaskRecord> => {
    const { body: task, version } = await findTask(call, request.id)
    const after = updated(call, task, request)
    if (after.dependsOn !== task.dependsOn) checkDependencies(after, await automationsOf(call, environment))
    await call.engine.saveDocuments([putAutomation(call.tenant, COLLECTIONS.task, after, version)])
    return after
  }
  const changed = await inTurn(environment, () => changeAgain(change))
  call.hub.tell(call.tenant, changed.environment, ResourceOperation.UPDATE, ResourceType.TASK, changed.id)
  return {}
}

/** A list in JSON replaces even when it is empty; in binary only one that is not (ona.md 3). */
function updated(call: Call, task: TaskRecord, { metadata, spec, dependsOn }: wire.UpdateTaskRequest): TaskRecord {
  const names = (...path: string[]): boolean => isNamed(call.json, ...path)
  const runsOn = spec?.runsOn ? parseRunsOn(spec.runsOn, 'spec.runs_on') : task.spec.runsOn
  const { runsOn: _, ...rest } = task.spec
  return {
    ...task,
    ...(metadata?.name !== undefined && { name: needText('metadata.name', metadata.name) }),
    ...(metadata?.description !== undefined && { description: metadata.description }),
    ...(metadata?.triggeredBy && { triggeredBy: parseTriggers(metadata.triggeredBy.trigger) }),
    spec: {
      ...rest,
      ...(runsOn && { runsOn }),
      ...(spec?.command !== undefined && { command: parseCommand('spec.command', spec.command) }),
      ...(spec && (spec.env.length > 0 || names('spec', 'env')) && { env: parseVariables(spec.env, 'spec.env') }),
      ...(spec?.prebuildRequiresSuccess !== undefined && { prebuildRequiresSuccess: spec.prebuildRequiresSuccess }),
    },
    ...((dependsOn.length > 0 || names('dependsOn')) && {
      dependsOn: [...new Set(needUuids('depends_on', dependsOn))],
    }),
  }
}

/** Executions go on: their plan is a copy. Throws `failed_precondition` while other tasks depend on it. */
export async function deleteTask(call: Call, { id }: wire.DeleteTaskRequest): Promise<object> {
  const { body: task } = await findTask(call, id)
  await removeAutomation(call, COLLECTIONS.task, task)
  call.hub.tell(call.tenant, task.environment, ResourceOperation.DELETE, ResourceType.TASK, task.id)
  return {}
}
