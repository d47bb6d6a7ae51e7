import { clusterArn } from '../../arn.ts'
import { activeClusterNames } from '../../cluster/cluster.ts'
import { operation } from '../../operation.ts'
import { pageOfNames, pageSize } from '../../wire/page-token.ts'
import { integer, structure, text } from '../../wire/shape.ts'

const input = structure({ maxResults: integer, nextToken: text })

export const listClusters = operation('ListClusters', input, async (call, given) => {
  const limit = pageSize(given.maxResults)
  const { names, nextToken } = pageOfNames('clusters', await activeClusterNames(call), limit, given.nextToken)
  return { clusterArns: names.map((name) => clusterArn(call.home, name)), ...(nextToken && { nextToken }) }
})
