import { isEngineError } from '../../../../core/engine-error.ts'
import { allDocuments, put } from '../../../kit/documents.ts'
import { logGroupArn } from '../../arn.ts'
import { COLLECTIONS } from '../../documents.ts'
import { invalidParameter } from '../../errors.ts'
import { changeGroup, findGroup, groupNameOf } from '../../logs/find-group.ts'
import { type LogGroup, newLogGroup } from '../../logs/log-group.ts'
import { alreadyExists, groupIdentifierShape, groupNameShape, limitShape } from '../../logs/log-shapes.ts'
import { type Call, operation } from '../../operation.ts'
import { pageOfNames } from '../../wire/page-token.ts'
import { flag, integer, list, map, oneOf, structure, text } from '../../wire/shape.ts'

const classShape = oneOf('STANDARD', 'INFREQUENT_ACCESS', 'DELIVERY')
const createInput = structure({
  logGroupName: groupNameShape,
  kmsKeyId: text,
  tags: map(),
  logGroupClass: classShape,
  deletionProtectionEnabled: flag,
})
const describeInput = structure({
  accountIdentifiers: list(text),
  logGroupNamePrefix: groupNameShape,
  logGroupNamePattern: text,
  nextToken: text,
  limit: limitShape(50),
  includeLinkedAccounts: flag,
  logGroupClass: classShape,
  logGroupIdentifiers: list(groupIdentifierShape),
})
const nameInput = structure({ logGroupName: groupNameShape })
const retentionInput = structure({ logGroupName: groupNameShape, retentionInDays: integer })

export const createLogGroup = operation('CreateLogGroup', createInput, async (call, given) => {
  const { logGroupName: name, tags = {}, kmsKeyId, logGroupClass } = given
  if (name === undefined) throw invalidParameter('logGroupName must not be null')
  const group: LogGroup = {
    ...newLogGroup(name, call.engine.now()),
    tags,
    ...(kmsKeyId && { kmsKeyId }),
    ...(logGroupClass && { logGroupClass }),
  }
  try {
    await call.engine.saveDocuments([put(call.tenant, COLLECTIONS.logGroup, name, group, { sort: name, expected: 0 })])
  } catch (error) {
    throw isEngineError(error, 'conflict') ? alreadyExists('group') : error
  }
  return {}
})

export const describeLogGroups = operation('DescribeLogGroups', describeInput, async (call, given) => {
  if (given.logGroupNamePrefix !== undefined && given.logGroupNamePattern !== undefined)
    throw invalidParameter('logGroupNamePrefix and logGroupNamePattern are mutually exclusive parameters.')
  const pattern = given.logGroupNamePattern?.toLowerCase()
  const documents = await allDocuments<LogGroup>(call.engine, call.tenant, COLLECTIONS.logGroup, {
    ...(given.logGroupNamePrefix !== undefined && { keyPrefix: given.logGroupNamePrefix }),
  })
  const named = given.logGroupIdentifiers && new Set(given.logGroupIdentifiers.map(groupNameOf))
  const groups = new Map(documents.map((d) => [d.key, d.body]))
  const wanted = [...groups.keys()]
    .filter((name) => named === undefined || named.has(name))
    .filter((name) => pattern === undefined || name.toLowerCase().includes(pattern))
    .filter((name) => given.logGroupClass === undefined || given.logGroupClass === classOf(groups.get(name)!))
    .sort()
  const { names, nextToken } = pageOfNames('log-groups', wanted, given.limit ?? 50, given.nextToken)
  return { logGroups: names.map((name) => present(call, groups.get(name)!)), ...(nextToken && { nextToken }) }
})

const classOf = ({ logGroupClass = 'STANDARD' }: LogGroup): string => logGroupClass

function present(call: Call, group: LogGroup): object {
  const arn = logGroupArn(call.home, group.name)
  return {
    logGroupName: group.name,
    creationTime: group.createdAt,
    ...(group.retentionInDays !== undefined && { retentionInDays: group.retentionInDays }),
    ...(group.kmsKeyId !== undefined && { kmsKeyId: group.kmsKeyId }),
    metricFilterCount: 0,
    storedBytes: 0,
    arn: `${arn}:*`,
    logGroupArn: arn,
    logGroupClass: classOf(group),
  }
}

export const deleteLogGroup = operation('DeleteLogGroup', nameInput, async (call, given) => {
  const group = await findGroup(call, given)
  const index = { name: 'group', value: group.name }
  const [streams, events] = await Promise.all([
    allDocuments(call.engine, call.tenant, COLLECTIONS.logStream, { index }),
    allDocuments(call.engine, call.tenant, COLLECTIONS.logEvent, { index }),
  ])
  await call.engine.saveDocuments([
    { kind: 'document.delete', tenant: call.tenant, collection: COLLECTIONS.logGroup, key: group.name },
    ...[...streams, ...events].map(
      ({ collection, key }) => ({ kind: 'document.delete', tenant: call.tenant, collection, key }) as const,
    ),
  ])
  return {}
})

/** Days that CloudWatch knows (API reference, PutRetentionPolicy). */
const RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
]

export const putRetentionPolicy = operation('PutRetentionPolicy', retentionInput, async (call, given) => {
  const { retentionInDays } = given
  if (retentionInDays === undefined || !RETENTION_DAYS.includes(retentionInDays))
    throw invalidParameter(
      `1 validation error detected: Value '${retentionInDays ?? ''}' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: [${RETENTION_DAYS.join(', ')}]`,
    )
  await changeGroup(call, given, (before) => ({ ...before, retentionInDays }))
  return {}
})

export const deleteRetentionPolicy = operation('DeleteRetentionPolicy', nameInput, async (call, given) => {
  await changeGroup(call, given, ({ retentionInDays: _, ...kept }) => kept)
  return {}
})
