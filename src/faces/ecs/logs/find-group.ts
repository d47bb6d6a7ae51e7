import { COLLECTIONS } from '../documents.ts'
import { invalidParameter } from '../errors.ts'
import type { Call } from '../operation.ts'
import type { LogGroup } from './log-group.ts'
import { groupMissing } from './log-shapes.ts'

interface GroupReference {
  readonly logGroupName?: string
  /** Name or ARN. */
  readonly logGroupIdentifier?: string
}

/** Throws ResourceNotFoundException. */
export async function findGroup(call: Call, given: GroupReference): Promise<LogGroup> {
  const { logGroupName, logGroupIdentifier } = given
  if (logGroupName !== undefined && logGroupIdentifier !== undefined)
    throw invalidParameter('LogGroup name and LogGroup ARN are mutually exclusive parameters.')
  const name = logGroupName ?? (logGroupIdentifier === undefined ? undefined : nameOf(logGroupIdentifier))
  if (name === undefined) throw invalidParameter('logGroupName must not be null')
  const found = await call.engine.document<LogGroup>(call.tenant, COLLECTIONS.logGroup, name)
  if (!found) throw groupMissing()
  return found.body
}

const nameOf = (identifier: string): string =>
  /^arn:[^:]+:logs:[^:]*:[^:]*:log-group:([^:]+)(?::\*)?$/.exec(identifier)?.[1] ?? identifier
