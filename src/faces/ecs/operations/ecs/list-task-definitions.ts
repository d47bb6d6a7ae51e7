import { definitionArn } from '../../arn.ts'
import { COLLECTIONS } from '../../documents.ts'
import { operation } from '../../operation.ts'
import { isDeleted } from '../../task-definition/definition-store.ts'
import type { TaskDefinition } from '../../task-definition/task-definition.ts'
import { cursorOf, pageSize, pageToken } from '../../wire/page-token.ts'
import { integer, oneOf, structure, text } from '../../wire/shape.ts'

const input = structure({
  familyPrefix: text,
  status: oneOf('ACTIVE', 'INACTIVE', 'DELETE_IN_PROGRESS'),
  sort: oneOf('ASC', 'DESC'),
  nextToken: text,
  maxResults: integer,
})

/** By family, then revision. `familyPrefix` is a whole family's name, despite its own name. */
export const listTaskDefinitions = operation('ListTaskDefinitions', input, async (call, given) => {
  const limit = pageSize(given.maxResults)
  const status = given.status ?? 'ACTIVE'
  const after = cursorOf('definitions', given.nextToken)
  const index = given.familyPrefix
    ? { name: 'familyStatus', value: `${given.familyPrefix}/${status}` }
    : { name: 'status', value: status }
  const page = await call.engine.documents<TaskDefinition>(call.tenant, COLLECTIONS.definition, {
    limit,
    ascending: given.sort !== 'DESC',
    index,
    ...(after !== undefined && { after }),
  })
  const deleted = await Promise.all(page.items.map(({ body }) => isDeleted(call, body)))
  const shown = page.items.filter((_, i) => !deleted[i])
  return {
    taskDefinitionArns: shown.map(({ body }) => definitionArn(call.home, body.family, body.revision)),
    ...(page.next !== undefined && { nextToken: pageToken('definitions', page.next) }),
  }
})
