import { isEngineError } from '../../../core/engine-error.ts'
import type { NodeWithUse } from '../../../engine/engine.ts'
import type { Call } from '../operation.ts'
import { desiredStatusOf, lastStatusOf } from '../task/life-cycle.ts'
import { taskRecordOf } from '../task/task-record.ts'

export interface InstanceLoad {
  /** Tasks whose desired status is RUNNING. */
  readonly runningTasksCount: number
  readonly pendingTasksCount: number
  readonly taskGroups: readonly string[]
}

export const NO_LOAD: InstanceLoad = { runningTasksCount: 0, pendingTasksCount: 0, taskGroups: [] }

/** This account's tasks on the instance; Fargate tasks are on none, though they share the machine. */
export async function loadOf(call: Call, { executions }: NodeWithUse, cluster: string): Promise<InstanceLoad> {
  const found = await Promise.all(executions.map((id) => call.engine.execution(call.tenant, id).catch(undefinedIfGone)))
  const tasks = found.flatMap((e) => {
    const record = e && taskRecordOf(e)
    return e && record?.cluster === cluster && record.launchType !== 'FARGATE' && !record.capacityProviderName
      ? [{ e, record }]
      : []
  })
  return {
    runningTasksCount: tasks.filter(({ e }) => desiredStatusOf(e) === 'RUNNING').length,
    pendingTasksCount: tasks.filter(({ e, record }) => lastStatusOf(e, record) === 'PENDING').length,
    taskGroups: tasks.map(({ record }) => record.group),
  }
}

function undefinedIfGone(error: unknown): undefined {
  if (!isEngineError(error, 'not_found')) throw error
  return undefined
}
