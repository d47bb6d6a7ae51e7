import { operation } from '../../operation.ts'
import { addDefinition } from '../../task-definition/definition-store.ts'
import { presentDefinition } from '../../task-definition/present-definition.ts'
import { definitionOf } from '../../task-definition/register.ts'
import { registerTaskDefinitionShape } from '../../task-definition/task-definition-shape.ts'

export const registerTaskDefinition = operation(
  'RegisterTaskDefinition',
  registerTaskDefinitionShape,
  async (call, given) => {
    const by = `arn:aws:iam::${call.home.account}:user/${call.principal.id}`
    const definition = await addDefinition(call, definitionOf(given, call.options, by, call.engine.now()))
    return { taskDefinition: presentDefinition(call.home, definition), tags: definition.tags }
  },
)
