import type { Document } from '../../../core/ports/store.ts'
import { changeAgain, put } from '../../kit/documents.ts'
import { COLLECTIONS } from '../documents.ts'
import { invalidParameter } from '../errors.ts'
import type { Call } from '../operation.ts'
import type { LogGroup } from './log-group.ts'
import { groupMissing } from './log-shapes.ts'

export interface GroupReference {
  readonly logGroupName?: string
  /** Name or ARN. */
  readonly logGroupIdentifier?: string
}

/** Throws ResourceNotFoundException. */
export const findGroup = async (call: Call, given: GroupReference): Promise<LogGroup> =>
  (await groupDocument(call, given)).body

/** Changes a group atomically. Throws ResourceNotFoundException. */
export const changeGroup = (
  call: Call,
  given: GroupReference,
  change: (before: LogGroup) => LogGroup,
): Promise<unknown> =>
  changeAgain(async () => {
    const { body, version } = await groupDocument(call, given)
    await call.engine.saveDocuments([
      put(call.tenant, COLLECTIONS.logGroup, body.name, change(body), { sort: body.name, expected: version }),
    ])
  })

async function groupDocument(
  call: Call,
  { logGroupName, logGroupIdentifier }: GroupReference,
): Promise<Document<LogGroup>> {
  if (logGroupName !== undefined && logGroupIdentifier !== undefined)
    throw invalidParameter('LogGroup name and LogGroup ARN are mutually exclusive parameters.')
  const name = logGroupName ?? (logGroupIdentifier === undefined ? undefined : groupNameOf(logGroupIdentifier))
  if (name === undefined) throw invalidParameter('logGroupName must not be null')
  const found = await call.engine.document<LogGroup>(call.tenant, COLLECTIONS.logGroup, name)
  if (!found) throw groupMissing()
  return found
}

/** Of a name or an ARN. */
export const groupNameOf = (identifier: string): string =>
  /^arn:[^:]+:logs:[^:]*:[^:]*:log-group:([^:]+)(?::\*)?$/.exec(identifier)?.[1] ?? identifier
