import { reason } from '../../../../core/reason.ts'
import { activeCluster } from '../../cluster/cluster.ts'
import { clientException, invalidParameter } from '../../errors.ts'
import { type ContainerInstance, instancesOf } from '../../instance/container-instance.ts'
import { instanceFinder } from '../../instance/find-instance.ts'
import { presentInstance } from '../../instance/present-instance.ts'
import { saveInstance } from '../../instance/save-instance.ts'
import { stopTasksOn } from '../../instance/stop-tasks-on.ts'
import { type Call, operation } from '../../operation.ts'
import { flag, structure, text } from '../../wire/shape.ts'

const input = structure({ cluster: text, containerInstance: text, force: flag })

const FORCED = 'Container instance deregistration forced by user'

/** With `force` its tasks are stopped; the machine itself only leaves this account's cluster. */
export const deregisterContainerInstance = operation('DeregisterContainerInstance', input, async (call, given) => {
  const cluster = await activeCluster(call, given.cluster)
  const find = await instanceFinder(call, cluster.name)
  const instance = given.containerInstance === undefined ? undefined : find(given.containerInstance)
  if (!instance) throw clientException('The referenced container instance was not found.')
  if (instance.runningTasksCount > 0 && !given.force) throw invalidParameter('Found running tasks on the instance.')
  await leave(call, instance, given.force ?? false)
  const gone = (await instancesOf(call, cluster.name)).find((i) => i.id === instance.id) ?? instance
  return { containerInstance: { ...presentInstance(call, gone, true), status: 'INACTIVE' } }
})

async function leave(call: Call, instance: ContainerInstance, force: boolean): Promise<void> {
  if (instance.status === 'INACTIVE') return
  if (!instance.machine) {
    await call.engine.deregisterNode(call.tenant, instance.nodeId, { force, reason: reason('stopped_by_user', FORCED) })
    return
  }
  await saveInstance(call, instance, (before) => ({ ...before, status: 'INACTIVE' }))
  await stopTasksOn(call, instance, FORCED)
}
