import { clusterNameOf } from '../../arn.ts'
import { type Cluster, changeCluster } from '../../cluster/cluster.ts'
import { configurationShape, serviceConnectShape, settingsShape } from '../../cluster/cluster-shapes.ts'
import { presentCluster } from '../../cluster/present-cluster.ts'
import { clusterNotFound, invalidParameter } from '../../errors.ts'
import { type Call, operation } from '../../operation.ts'
import { structure, text } from '../../wire/shape.ts'

const input = structure({
  cluster: text,
  settings: settingsShape,
  configuration: configurationShape,
  serviceConnectDefaults: serviceConnectShape,
})
const settingsInput = structure({ cluster: text, settings: settingsShape })

export const updateCluster = operation('UpdateCluster', input, async (call, { cluster, ...change }) => ({
  cluster: await changed(call, cluster, change),
}))

export const updateClusterSettings = operation(
  'UpdateClusterSettings',
  settingsInput,
  async (call, { cluster, settings }) => {
    if (!settings) throw invalidParameter('settings can not be empty.')
    return { cluster: await changed(call, cluster, { settings }) }
  },
)

async function changed(call: Call, given: string | undefined, change: Partial<Cluster>): Promise<object> {
  if (!given) throw invalidParameter('Cluster can not be blank.')
  const cluster = await changeCluster(call, clusterNameOf(call.home, given), (before) => {
    if (before?.status !== 'ACTIVE') throw clusterNotFound()
    return { ...before, ...change }
  })
  return presentCluster(call, cluster)
}
