import { clientException } from '../../errors.ts'
import { operation } from '../../operation.ts'
import { changeDefinition, definitionName } from '../../task-definition/definition-store.ts'
import { presentDefinition } from '../../task-definition/present-definition.ts'
import { structure, text } from '../../wire/shape.ts'

const input = structure({ taskDefinition: text })

export const deregisterTaskDefinition = operation('DeregisterTaskDefinition', input, async (call, given) => {
  const { family, revision } = definitionName(call.home, given.taskDefinition ?? '')
  if (revision === undefined) throw clientException('Revision is missing.')
  const definition = await changeDefinition(call, { family, revision }, (before) =>
    before.status === 'ACTIVE' ? { ...before, status: 'INACTIVE', deregisteredAt: call.engine.now() } : before,
  )
  if (!definition) throw clientException('Unable to describe task definition.')
  return { taskDefinition: presentDefinition(call.home, definition) }
})
