import { checkProviders, checkStrategy } from '../../cluster/capacity-provider.ts'
import { changeCluster, newCluster } from '../../cluster/cluster.ts'
import {
  configurationShape,
  serviceConnectShape,
  settingsShape,
  strategyItemShape,
} from '../../cluster/cluster-shapes.ts'
import { presentCluster } from '../../cluster/present-cluster.ts'
import { invalidParameter } from '../../errors.ts'
import { operation } from '../../operation.ts'
import { checkedTags, tagsShape } from '../../tags.ts'
import { list, structure, text } from '../../wire/shape.ts'

const input = structure({
  clusterName: text,
  tags: tagsShape,
  settings: settingsShape,
  configuration: configurationShape,
  capacityProviders: list(text),
  defaultCapacityProviderStrategy: list(strategyItemShape),
  serviceConnectDefaults: serviceConnectShape,
})

const NAME = /^[A-Za-z0-9_-]{1,255}$/

/** An ACTIVE cluster of the name is answered as it is; an INACTIVE one begins anew. */
export const createCluster = operation('CreateCluster', input, async (call, given) => {
  const name = given.clusterName || 'default'
  if (!NAME.test(name))
    throw invalidParameter('Invalid cluster name. Up to 255 letters, digits, hyphens and underscores are allowed.')
  checkProviders(given.capacityProviders ?? [])
  checkStrategy(given.defaultCapacityProviderStrategy ?? [])
  const tags = checkedTags(given.tags)
  const { settings, configuration, capacityProviders, defaultCapacityProviderStrategy, serviceConnectDefaults } = given
  const cluster = await changeCluster(call, name, (before) => {
    const base = before?.status === 'ACTIVE' ? before : newCluster(name, call.engine.now())
    return {
      ...base,
      ...(settings && { settings }),
      ...(configuration && { configuration }),
      ...(capacityProviders && { capacityProviders }),
      ...(defaultCapacityProviderStrategy && { defaultCapacityProviderStrategy }),
      ...(serviceConnectDefaults && { serviceConnectDefaults }),
      ...(given.tags && { tags }),
    }
  })
  return { cluster: await presentCluster(call, cluster) }
})
