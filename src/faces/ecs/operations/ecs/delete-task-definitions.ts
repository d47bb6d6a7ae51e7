import type { Home } from '../../arn.ts'
import { invalidParameter } from '../../errors.ts'
import { type Call, operation } from '../../operation.ts'
import {
  changeDefinition,
  type DefinitionName,
  definitionName,
  findDefinition,
} from '../../task-definition/definition-store.ts'
import { presentDefinition } from '../../task-definition/present-definition.ts'
import { list, structure, text } from '../../wire/shape.ts'

const input = structure({ taskDefinitions: list(text) })

/** Texts: moto's tests, which quote AWS. */
const ACTIVE = 'The specified task definition is still in ACTIVE status. Please deregister the target and try again.'
const INVALID = 'The specified task definition identifier is invalid. Specify a valid name or ARN and try again.'
const UNKNOWN = 'The specified task definition does not exist. Specify a valid account, family, revision and try again.'

export const deleteTaskDefinitions = operation('DeleteTaskDefinitions', input, async (call, given) => {
  const named = given.taskDefinitions ?? []
  if (named.length === 0) throw invalidParameter('size of TaskDefinition references list must be greater than 0')
  if (named.length > 10) throw invalidParameter('Size of TaskDefinition references list cannot exceed 10')
  const taskDefinitions: object[] = []
  const failures: object[] = []
  for (const arn of named) {
    const result = await deleteOne(call, arn)
    if (typeof result === 'string') failures.push({ arn, reason: result })
    else taskDefinitions.push(result)
  }
  return { taskDefinitions, failures }
})

/** The definition on its way out, or why not. */
async function deleteOne(call: Call, given: string): Promise<object | string> {
  const name = nameOrUndefined(call.home, given)
  if (name?.revision === undefined) return INVALID
  const found = await findDefinition(call, name)
  if (!found) return UNKNOWN
  if (found.body.status === 'ACTIVE') return ACTIVE
  const deleted = await changeDefinition(call, { family: name.family, revision: name.revision }, (before) =>
    before.status === 'INACTIVE'
      ? { ...before, status: 'DELETE_IN_PROGRESS', deleteRequestedAt: call.engine.now() }
      : before,
  )
  return deleted ? presentDefinition(call.home, deleted) : UNKNOWN
}

function nameOrUndefined(home: Home, given: string): DefinitionName | undefined {
  try {
    return definitionName(home, given)
  } catch {
    return undefined
  }
}
