/** Services are not run here; tools that look for them find none. */
import { activeCluster } from '../../cluster/cluster.ts'
import { invalidParameter } from '../../errors.ts'
import { operation } from '../../operation.ts'
import { includeTagsShape } from '../../tags.ts'
import { launchTypeShape } from '../../task/run-shapes.ts'
import { integer, list, oneOf, structure, text } from '../../wire/shape.ts'

const describeInput = structure({ cluster: text, services: list(text), include: includeTagsShape })
const listInput = structure({
  cluster: text,
  nextToken: text,
  maxResults: integer,
  launchType: launchTypeShape,
  schedulingStrategy: oneOf('REPLICA', 'DAEMON'),
  resourceManagementType: oneOf('CUSTOMER', 'ECS'),
})

export const describeServices = operation('DescribeServices', describeInput, async (call, given) => {
  const services = given.services ?? []
  if (services.length === 0) throw invalidParameter('Services cannot be empty.')
  if (services.length > 10) throw invalidParameter('service names can have at most 10 items.')
  const cluster = await activeCluster(call, given.cluster)
  const arn = (name: string): string =>
    name.startsWith('arn:')
      ? name
      : `arn:aws:ecs:${call.home.region}:${call.home.account}:service/${cluster.name}/${name}`
  return { services: [], failures: services.map((name) => ({ arn: arn(name), reason: 'MISSING' })) }
})

export const listServices = operation('ListServices', listInput, async (call, given) => {
  await activeCluster(call, given.cluster)
  return { serviceArns: [] }
})
