/** StartTask, GetTaskExecution, ListTaskExecutions, StopTaskExecution. */
import type { MessageInitShape } from '@bufbuild/protobuf'
import type { Execution, ExecutionState } from '../../../core/execution.ts'
import { isFinal } from '../../../core/execution.ts'
import type { ExecutionFilter } from '../../../core/ports/store.ts'
import { FACE } from '../auth.ts'
import { type Call, checkEnvironment } from '../call.ts'
import { findEnvironment } from '../environment/find-environment.ts'
import { findExecution } from '../execution/find-execution.ts'
import { phaseOf } from '../execution/life-cycle.ts'
import { presentExecution } from '../execution/present-execution.ts'
import type * as wire from '../gen/gitpod/v1/environment_automation_pb.js'
import { TaskExecutionPhase } from '../gen/gitpod/v1/environment_automation_pb.js'
import { findTask } from '../task/find-task.ts'
import { startTask as start } from '../task/start-task.ts'
import { startedBefore } from '../task/started-before.ts'
import { filteredPage, pageOf } from '../wire/pagination.ts'
import { filterEnums, filterValues } from '../wire/validate.ts'

export async function startTask(
  call: Call,
  { id, inputs }: wire.StartTaskRequest,
): Promise<MessageInitShape<typeof wire.StartTaskResponseSchema>> {
  const { body: task } = await findTask(call, id)
  const { body: environment } = await findEnvironment(call, task.environment)
  const { principal } = call.caller
  const execution =
    (await startedBefore(call, task)) ??
    (await start(call, { principal, task, environment, startedBy: 'manual', retries: call.retries, inputs }))
  return { taskExecution: presentExecution(execution, call.context.publicUrl()) }
}

export async function getTaskExecution(
  call: Call,
  { id }: wire.GetTaskExecutionRequest,
): Promise<MessageInitShape<typeof wire.GetTaskExecutionResponseSchema>> {
  return { taskExecution: presentExecution(await findExecution(call, id), call.context.publicUrl()) }
}

/** Newest first. */
export async function listTaskExecutions(
  call: Call,
  { pagination, filter }: wire.ListTaskExecutionsRequest,
): Promise<MessageInitShape<typeof wire.ListTaskExecutionsResponseSchema>> {
  const phases = filterEnums('filter.phases', filter?.phases ?? [], TaskExecutionPhase)
  const wanted = executionFilter(call, filter)
  const page = pageOf(call.query, pagination)
  if (phases.length > 0 && wanted.states === undefined) return { pagination: { nextToken: '' }, taskExecutions: [] }
  const { items, next } = await filteredPage<Execution>(
    page,
    (p) => call.engine.executions(call.tenant, wanted, p),
    (e) => phases.length === 0 || phases.includes(phaseOf(e)),
  )
  const url = call.context.publicUrl()
  return { pagination: { nextToken: next ?? '' }, taskExecutions: items.map((e) => presentExecution(e, url)) }
}

function executionFilter(call: Call, filter: wire.ListTaskExecutionsRequest_Filter | undefined): ExecutionFilter {
  const tasks = filterValues('filter.task_ids', filter?.taskIds ?? [])
  const references = filterValues('filter.task_references', filter?.taskReferences ?? [], false)
  const environments = filterValues('filter.environment_ids', filter?.environmentIds ?? [])
  for (const environment of environments) checkEnvironment(call, environment)
  const own = call.caller.environment
  const within = own !== undefined ? [own] : environments
  const states = [...new Set((filter?.phases ?? []).flatMap((phase) => STATES[phase]))]
  const refs = {
    kind: 'task',
    ...(tasks.length > 0 && { task: tasks }),
    ...(references.length > 0 && { reference: references }),
    ...(within.length > 0 && { environment: within }),
  }
  return { face: FACE, refs, ...(states.length > 0 && { states }) }
}

const STATES: Readonly<Record<TaskExecutionPhase, readonly ExecutionState[]>> = {
  [TaskExecutionPhase.UNSPECIFIED]: [],
  [TaskExecutionPhase.PENDING]: ['pending', 'starting'],
  [TaskExecutionPhase.RUNNING]: ['pending', 'starting', 'running', 'stopping'],
  [TaskExecutionPhase.SUCCEEDED]: ['succeeded'],
  [TaskExecutionPhase.FAILED]: ['failed', 'lost', 'cancelled'],
  [TaskExecutionPhase.STOPPED]: ['cancelled'],
}

/** Stopping what has ended changes nothing. */
export async function stopTaskExecution(call: Call, { id }: wire.StopTaskExecutionRequest): Promise<object> {
  const execution = await findExecution(call, id)
  if (!isFinal(execution)) await call.engine.stop(call.tenant, execution.id, { by: call.caller.principal.id })
  return {}
}
