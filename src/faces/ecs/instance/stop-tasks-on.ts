import type { Call } from '../operation.ts'
import { taskRecordOf } from '../task/task-record.ts'
import type { ContainerInstance } from './container-instance.ts'

/** Stops this account's EC2 tasks on an instance. */
export async function stopTasksOn(call: Call, instance: ContainerInstance, message: string): Promise<void> {
  const found = await Promise.all(
    instance.node.executions.map((id) => call.engine.execution(call.tenant, id).catch(() => undefined)),
  )
  for (const e of found)
    if (e && taskRecordOf(e)?.cluster === instance.cluster && taskRecordOf(e)?.launchType === 'EC2')
      await call.engine.stop(call.tenant, e.id, { message, by: call.principal.id })
}
