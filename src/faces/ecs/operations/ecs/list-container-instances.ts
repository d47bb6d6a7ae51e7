import { instanceArn } from '../../arn.ts'
import { activeCluster } from '../../cluster/cluster.ts'
import { matchesQuery } from '../../cluster-query/compile-query.ts'
import { parseQuery } from '../../cluster-query/parse-query.ts'
import { instancesOf } from '../../instance/container-instance.ts'
import { operation } from '../../operation.ts'
import { pageOfNames, pageSize } from '../../wire/page-token.ts'
import { integer, oneOf, structure, text } from '../../wire/shape.ts'

const input = structure({
  cluster: text,
  filter: text,
  nextToken: text,
  maxResults: integer,
  status: oneOf('ACTIVE', 'DRAINING', 'REGISTERING', 'DEREGISTERING', 'REGISTRATION_FAILED'),
})

export const listContainerInstances = operation('ListContainerInstances', input, async (call, given) => {
  const limit = pageSize(given.maxResults)
  const cluster = await activeCluster(call, given.cluster)
  const query = given.filter ? parseQuery(given.filter) : undefined
  const instances = (await instancesOf(call, cluster.name)).filter(
    (i) =>
      (given.status === undefined ? i.status !== 'INACTIVE' : i.status === given.status) &&
      (query === undefined || matchesQuery(query, i)),
  )
  const ids = instances.map((i) => i.id).sort()
  const { names, nextToken } = pageOfNames('instances', ids, limit, given.nextToken)
  return {
    containerInstanceArns: names.map((id) => instanceArn(call.home, cluster.name, id)),
    ...(nextToken && { nextToken }),
  }
})
