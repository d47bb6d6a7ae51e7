import { clusterNameOf } from '../../arn.ts'
import { changeCluster } from '../../cluster/cluster.ts'
import { presentCluster } from '../../cluster/present-cluster.ts'
import { AwsError, clusterNotFound, invalidParameter } from '../../errors.ts'
import { instancesOf } from '../../instance/container-instance.ts'
import { type Call, operation } from '../../operation.ts'
import { structure, text } from '../../wire/shape.ts'

const input = structure({ cluster: text })

/** It becomes INACTIVE and stays describable. The machine itself holds no cluster back. */
export const deleteCluster = operation('DeleteCluster', input, async (call, given) => {
  if (!given.cluster) throw invalidParameter('Cluster can not be blank.')
  const name = clusterNameOf(call.home, given.cluster)
  const cluster = await changeCluster(call, name, async (before) => {
    if (before?.status !== 'ACTIVE') throw clusterNotFound()
    await checkEmpty(call, name)
    return { ...before, status: 'INACTIVE' }
  })
  return { cluster: await presentCluster(call, cluster) }
})

async function checkEmpty(call: Call, name: string): Promise<void> {
  const instances = await instancesOf(call, name)
  if (instances.some((i) => !i.machine && i.status !== 'INACTIVE'))
    throw new AwsError(
      'ClusterContainsContainerInstancesException',
      'The Cluster cannot be deleted while Container Instances are active or draining.',
    )
  const filter = { face: 'ecs', active: true, refs: { 'ecs.cluster': name } }
  const tasks = await call.engine.executions(call.tenant, filter, { limit: 1 })
  if (tasks.items.length > 0)
    throw new AwsError('ClusterContainsTasksException', 'The Cluster cannot be deleted while Tasks are active.')
}
