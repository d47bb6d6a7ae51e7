import { capacityProviderArn } from '../../arn.ts'
import { CAPACITY_PROVIDERS } from '../../cluster/capacity-provider.ts'
import { operation } from '../../operation.ts'
import { includeTagsShape } from '../../tags.ts'
import { integer, list, structure, text } from '../../wire/shape.ts'

const input = structure({
  capacityProviders: list(text),
  cluster: text,
  include: includeTagsShape,
  maxResults: integer,
  nextToken: text,
})

export const describeCapacityProviders = operation('DescribeCapacityProviders', input, (call, given) => {
  const asked = (given.capacityProviders ?? [...CAPACITY_PROVIDERS]).map((name) => name.split('/').at(-1) ?? '')
  const known = CAPACITY_PROVIDERS.filter((name) => asked.includes(name))
  const missing = asked.filter((name) => !(CAPACITY_PROVIDERS as readonly string[]).includes(name))
  return {
    capacityProviders: known.map((name) => ({
      capacityProviderArn: capacityProviderArn(call.home, name),
      name,
      status: 'ACTIVE',
      tags: [],
    })),
    failures: missing.map((name) => ({ arn: capacityProviderArn(call.home, name), reason: 'MISSING' })),
  }
})
