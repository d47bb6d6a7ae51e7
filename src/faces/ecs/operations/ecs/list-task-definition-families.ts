import { COLLECTIONS } from '../../documents.ts'
import { operation } from '../../operation.ts'
import { cursorOf, pageSize, pageToken } from '../../wire/page-token.ts'
import { integer, oneOf, structure, text } from '../../wire/shape.ts'

const input = structure({
  familyPrefix: text,
  status: oneOf('ACTIVE', 'INACTIVE', 'ALL'),
  nextToken: text,
  maxResults: integer,
})

/** Here `familyPrefix` is a prefix. Without a status: all families. */
export const listTaskDefinitionFamilies = operation('ListTaskDefinitionFamilies', input, async (call, given) => {
  const after = cursorOf('families', given.nextToken)
  const status = given.status ?? 'ALL'
  const page = await call.engine.documents<{ readonly family: string }>(call.tenant, COLLECTIONS.family, {
    limit: pageSize(given.maxResults),
    ascending: true,
    ...(status !== 'ALL' && { index: { name: 'status', value: status } }),
    ...(given.familyPrefix && { keyPrefix: given.familyPrefix }),
    ...(after !== undefined && { after }),
  })
  return {
    families: page.items.map(({ body }) => body.family),
    ...(page.next !== undefined && { nextToken: pageToken('families', page.next) }),
  }
})
