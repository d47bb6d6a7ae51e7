import { clusterArn, clusterNameOf } from '../../arn.ts'
import { findCluster } from '../../cluster/cluster.ts'
import { presentCluster } from '../../cluster/present-cluster.ts'
import { invalidParameter } from '../../errors.ts'
import { operation } from '../../operation.ts'
import { list, oneOf, structure, text } from '../../wire/shape.ts'

const input = structure({
  clusters: list(text),
  include: list(oneOf('ATTACHMENTS', 'CONFIGURATIONS', 'SETTINGS', 'STATISTICS', 'TAGS')),
})

/** Without names: `default`, or nothing where that was deleted (copilot tells by that whether it is there). */
export const describeClusters = operation('DescribeClusters', input, async (call, given) => {
  const named = given.clusters ?? []
  if (named.length > 100) throw invalidParameter('Clusters can have at most 100 items.')
  const names = named.length > 0 ? [...new Set(named.map((name) => clusterNameOf(call.home, name)))] : ['default']
  const found = await Promise.all(names.map(async (name) => ({ name, cluster: await findCluster(call, name) })))
  const shown = found.flatMap(({ cluster }) =>
    cluster && (named.length > 0 || cluster.status === 'ACTIVE') ? [cluster] : [],
  )
  const missing = named.length > 0 ? found.filter(({ cluster }) => !cluster) : []
  return {
    clusters: await Promise.all(shown.map((c) => presentCluster(call, c, given.include ?? []))),
    failures: missing.map(({ name }) => ({ arn: clusterArn(call.home, name), reason: 'MISSING' })),
  }
})
