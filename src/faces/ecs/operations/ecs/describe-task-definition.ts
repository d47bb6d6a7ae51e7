import { clientException } from '../../errors.ts'
import { operation } from '../../operation.ts'
import { includeTagsShape } from '../../tags.ts'
import { definitionName, findDefinition } from '../../task-definition/definition-store.ts'
import { presentDefinition } from '../../task-definition/present-definition.ts'
import { structure, text } from '../../wire/shape.ts'

const input = structure({ taskDefinition: text, include: includeTagsShape })

export const describeTaskDefinition = operation('DescribeTaskDefinition', input, async (call, given) => {
  const found = given.taskDefinition && (await findDefinition(call, definitionName(call.home, given.taskDefinition)))
  if (!found) throw clientException('Unable to describe task definition.')
  const tags = given.include?.includes('TAGS') ? found.body.tags : []
  return { taskDefinition: presentDefinition(call.home, found.body), tags }
})
