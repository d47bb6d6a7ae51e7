import { instanceArn, isArn } from '../../arn.ts'
import { activeCluster } from '../../cluster/cluster.ts'
import { clientException, invalidParameter } from '../../errors.ts'
import { instanceFinder } from '../../instance/find-instance.ts'
import { presentInstance } from '../../instance/present-instance.ts'
import { operation } from '../../operation.ts'
import { list, oneOf, structure, text } from '../../wire/shape.ts'

const input = structure({
  cluster: text,
  containerInstances: list(text),
  include: list(oneOf('TAGS', 'CONTAINER_INSTANCE_HEALTH')),
})

export const describeContainerInstances = operation('DescribeContainerInstances', input, async (call, given) => {
  const cluster = await activeCluster(call, given.cluster)
  const named = given.containerInstances ?? []
  if (named.length === 0) throw clientException('Container Instances cannot be empty.')
  if (named.length > 100) throw invalidParameter('instanceIds can have at most 100 items.')
  const find = await instanceFinder(call, cluster.name)
  const found = named.map((name) => ({ name, instance: find(name) }))
  const withTags = given.include?.includes('TAGS') ?? false
  const health = given.include?.includes('CONTAINER_INSTANCE_HEALTH')
    ? { healthStatus: { overallStatus: 'OK', details: [] } }
    : {}
  return {
    containerInstances: found.flatMap(({ instance }) =>
      instance ? [{ ...presentInstance(call, instance, withTags), ...health }] : [],
    ),
    failures: found.flatMap(({ name, instance }) =>
      instance ? [] : [{ arn: isArn(name) ? name : instanceArn(call.home, cluster.name, name), reason: 'MISSING' }],
    ),
  }
})
