/** What RunTask and StartTask refuse before anything is placed (reference ecs.md 4.4, seed document). */
import { invalidParameter } from '../errors.ts'
import type { TaskDefinition } from '../task-definition/task-definition.ts'
import type { CommonRunInput, NetworkConfiguration } from './run-shapes.ts'

export function checkRun(input: CommonRunInput, definition: TaskDefinition, longestStartedBy: number): void {
  if (definition.status !== 'ACTIVE') throw invalidParameter('TaskDefinition is inactive')
  if ((input.startedBy?.length ?? 0) > longestStartedBy)
    throw invalidParameter(`startedBy longer than ${longestStartedBy}.`)
  if ((input.group?.length ?? 0) > 255) throw invalidParameter('group longer than 255.')
  if (input.group?.startsWith('service:')) throw invalidParameter('Group name cannot start with service:')
  if (input.propagateTags === 'SERVICE')
    throw invalidParameter(
      'Tags can only be propagated from a service by the service itself. Specify TASK_DEFINITION and try again.',
    )
  checkNetwork(input.networkConfiguration, definition)
}

function checkNetwork(given: NetworkConfiguration | undefined, definition: TaskDefinition): void {
  const awsvpc = given?.awsvpcConfiguration
  if (definition.networkMode !== 'awsvpc') {
    if (awsvpc)
      throw invalidParameter('Network Configuration is not valid for the given networkMode of this task definition.')
    return
  }
  if (!awsvpc) throw invalidParameter("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
  if (awsvpc.subnets.length === 0) throw invalidParameter('subnets can not be empty.')
  if (awsvpc.subnets.length > 16) throw invalidParameter('subnets can have at most 16 items.')
  if ((awsvpc.securityGroups?.length ?? 0) > 5) throw invalidParameter('securityGroups can have at most 5 items.')
}

/** Throws InvalidParameterException. At most 64 characters, of codes 33 to 126. */
export function checkClientToken(token: string | undefined): void {
  if (token === undefined) return
  if (token.length > 64) throw invalidParameter('clientToken longer than 64.')
  if (!/^[\x21-\x7e]+$/.test(token))
    throw invalidParameter('clientToken must contain only ASCII characters in the range of 33-126.')
}
