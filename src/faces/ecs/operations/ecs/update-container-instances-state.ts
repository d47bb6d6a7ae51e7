import { instanceArn, isArn } from '../../arn.ts'
import { activeCluster } from '../../cluster/cluster.ts'
import { invalidParameter } from '../../errors.ts'
import type { ContainerInstance } from '../../instance/container-instance.ts'
import { instanceFinder } from '../../instance/find-instance.ts'
import { presentInstance } from '../../instance/present-instance.ts'
import { saveInstance } from '../../instance/save-instance.ts'
import { type Call, operation } from '../../operation.ts'
import { list, structure, text } from '../../wire/shape.ts'

const input = structure({ cluster: text, containerInstances: list(text), status: text })

/** DRAINING: nothing new is placed there; standalone tasks that run are left alone. */
export const updateContainerInstancesState = operation('UpdateContainerInstancesState', input, async (call, given) => {
  const cluster = await activeCluster(call, given.cluster)
  const { status } = given
  if (status !== 'ACTIVE' && status !== 'DRAINING')
    throw invalidParameter('Container instance status should be one of [ACTIVE, DRAINING]')
  const named = given.containerInstances ?? []
  if (named.length === 0) throw invalidParameter('Container Instances cannot be empty.')
  if (named.length > 10) throw invalidParameter('instanceIds can have at most 10 items.')
  const find = await instanceFinder(call, cluster.name)
  const found = named.map((name) => ({ name, instance: find(name) }))
  const known = found.flatMap(({ instance }) => (instance && instance.status !== 'INACTIVE' ? [instance] : []))
  for (const instance of known) await setStatus(call, instance, status)
  const again = await instanceFinder(call, cluster.name)
  return {
    containerInstances: known.map((i) => presentInstance(call, again(i.id) ?? i, false)),
    failures: found.flatMap(({ name, instance }) =>
      instance && instance.status !== 'INACTIVE'
        ? []
        : [
            {
              arn: isArn(name) ? name : instanceArn(call.home, cluster.name, name),
              reason: instance ? 'INACTIVE' : 'MISSING',
            },
          ],
    ),
  }
})

/** The machine is every account's: draining it here only keeps this account's tasks away. */
async function setStatus(call: Call, instance: ContainerInstance, status: 'ACTIVE' | 'DRAINING'): Promise<void> {
  if (instance.machine) await saveInstance(call, instance, (before) => ({ ...before, status }))
  else await call.engine.setNodeState(call.tenant, instance.nodeId, status === 'ACTIVE' ? 'active' : 'draining')
}
