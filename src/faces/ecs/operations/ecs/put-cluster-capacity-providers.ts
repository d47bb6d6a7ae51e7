import { clusterNameOf } from '../../arn.ts'
import { checkProviders, checkStrategy } from '../../cluster/capacity-provider.ts'
import { changeCluster } from '../../cluster/cluster.ts'
import { strategyItemShape } from '../../cluster/cluster-shapes.ts'
import { presentCluster } from '../../cluster/present-cluster.ts'
import { clusterNotFound, invalidParameter } from '../../errors.ts'
import { operation } from '../../operation.ts'
import { list, structure, text } from '../../wire/shape.ts'

const input = structure({
  cluster: text,
  capacityProviders: list(text),
  defaultCapacityProviderStrategy: list(strategyItemShape),
})

export const putClusterCapacityProviders = operation('PutClusterCapacityProviders', input, async (call, given) => {
  const { capacityProviders, defaultCapacityProviderStrategy } = given
  if (!given.cluster) throw invalidParameter('Cluster can not be blank.')
  if (!capacityProviders || !defaultCapacityProviderStrategy)
    throw invalidParameter('capacityProviders and defaultCapacityProviderStrategy must not be null')
  checkProviders(capacityProviders)
  checkStrategy(defaultCapacityProviderStrategy)
  const unknown = defaultCapacityProviderStrategy.find((s) => !capacityProviders.includes(s.capacityProvider))
  if (unknown)
    throw invalidParameter(
      `The capacity provider '${unknown.capacityProvider}' of the default strategy is not associated with the cluster.`,
    )
  const cluster = await changeCluster(call, clusterNameOf(call.home, given.cluster), (before) => {
    if (before?.status !== 'ACTIVE') throw clusterNotFound()
    return { ...before, capacityProviders, defaultCapacityProviderStrategy }
  })
  return { cluster: await presentCluster(call, cluster) }
})
