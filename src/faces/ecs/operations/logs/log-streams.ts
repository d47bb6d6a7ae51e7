import { isEngineError } from '../../../../core/engine-error.ts'
import { allDocuments, put } from '../../../kit/documents.ts'
import { logGroupArn } from '../../arn.ts'
import { COLLECTIONS } from '../../documents.ts'
import { invalidParameter } from '../../errors.ts'
import { findGroup } from '../../logs/find-group.ts'
import {
  alreadyExists,
  groupIdentifierShape,
  groupNameShape,
  limitShape,
  streamMissing,
  streamNameShape,
} from '../../logs/log-shapes.ts'
import { type ClientStream, findStream, type LogStream, streamKey, taskStreams } from '../../logs/log-stream.ts'
import { type EventBatch, firstEvent, lastEvent } from '../../logs/read-stream.ts'
import { type Call, operation } from '../../operation.ts'
import { pageOfNames } from '../../wire/page-token.ts'
import { flag, list, long, map, oneOf, structure, text } from '../../wire/shape.ts'

const nameInput = structure({ logGroupName: groupNameShape, logStreamName: streamNameShape })
const describeInput = structure({
  logGroupName: groupNameShape,
  logGroupIdentifier: groupIdentifierShape,
  logStreamNamePrefix: streamNameShape,
  orderBy: oneOf('LogStreamName', 'LastEventTime'),
  descending: flag,
  nextToken: text,
  limit: limitShape(50),
})
const putInput = structure({
  logGroupName: groupNameShape,
  logStreamName: streamNameShape,
  logEvents: list(structure({ timestamp: long, message: text }, ['timestamp', 'message'])),
  sequenceToken: text,
  entity: structure({ keyAttributes: map(), attributes: map() }),
})

export const createLogStream = operation('CreateLogStream', nameInput, async (call, given) => {
  const { logStreamName: name } = given
  if (name === undefined) throw invalidParameter('logStreamName must not be null')
  const group = (await findGroup(call, given)).name
  if (await findStream(call, group, name)) throw alreadyExists('stream')
  const stream: ClientStream = { kind: 'client', group, name, createdAt: call.engine.now() }
  const key = streamKey(group, name)
  try {
    await call.engine.saveDocuments([
      put(call.tenant, COLLECTIONS.logStream, key, stream, { sort: name, indexes: { group }, expected: 0 }),
    ])
  } catch (error) {
    throw isEngineError(error, 'conflict') ? alreadyExists('stream') : error
  }
  return {}
})

/** A task's stream goes with the task: what its containers wrote is the engine's to keep. */
export const deleteLogStream = operation('DeleteLogStream', nameInput, async (call, given) => {
  if (given.logStreamName === undefined) throw invalidParameter('logStreamName must not be null')
  const group = (await findGroup(call, given)).name
  const stream = await findStream(call, group, given.logStreamName)
  if (!stream) throw streamMissing()
  if (stream.kind === 'task')
    throw invalidParameter('This log stream belongs to a task: it goes when the task is removed.')
  const key = streamKey(group, stream.name)
  const events = await allDocuments(call.engine, call.tenant, COLLECTIONS.logEvent, {
    index: { name: 'stream', value: key },
  })
  await call.engine.saveDocuments([
    { kind: 'document.delete', tenant: call.tenant, collection: COLLECTIONS.logStream, key },
    ...events.map(
      (d) => ({ kind: 'document.delete', tenant: call.tenant, collection: d.collection, key: d.key }) as const,
    ),
  ])
  return {}
})

/** Events beyond two weeks old or two hours ahead are rejected, as at CloudWatch. */
const OLDEST_MS = 14 * 86_400_000
const NEWEST_MS = 2 * 3_600_000

export const putLogEvents = operation('PutLogEvents', putInput, async (call, given) => {
  const events = given.logEvents ?? []
  if (events.length === 0) throw invalidParameter('logEvents can not be empty.')
  if (events.length > 10_000) throw invalidParameter('Log events in a single PutLogEvents request cannot exceed 10000.')
  if (events.some((e, i) => i > 0 && e.timestamp < events[i - 1]!.timestamp))
    throw invalidParameter('Log events in a single PutLogEvents request must be in chronological order.')
  if (given.logStreamName === undefined) throw invalidParameter('logStreamName must not be null')
  const group = (await findGroup(call, given)).name
  const stream = await findStream(call, group, given.logStreamName)
  if (!stream) throw streamMissing()
  if (stream.kind === 'task')
    throw invalidParameter('This log stream belongs to a task; only its containers write to it.')
  const now = call.engine.now()
  const kept = events.filter((e) => e.message !== '' && e.timestamp > now - OLDEST_MS && e.timestamp < now + NEWEST_MS)
  if (kept.length > 0) await saveBatch(call, stream, { events: kept, ingestionTime: now })
  const old = events.findLastIndex((e) => e.timestamp <= now - OLDEST_MS)
  const ahead = events.findIndex((e) => e.timestamp >= now + NEWEST_MS)
  const rejected = {
    ...(old >= 0 && { tooOldLogEventEndIndex: old + 1 }),
    ...(ahead >= 0 && { tooNewLogEventStartIndex: ahead }),
  }
  const rejectedLogEventsInfo = Object.keys(rejected).length > 0 ? { rejectedLogEventsInfo: rejected } : {}
  return { nextSequenceToken: String(now), ...rejectedLogEventsInfo }
})

async function saveBatch(call: Call, stream: ClientStream, batch: EventBatch): Promise<void> {
  const key = call.engine.newExecutionId()
  const indexes = { stream: streamKey(stream.group, stream.name), group: stream.group }
  await call.engine.saveDocuments([put(call.tenant, COLLECTIONS.logEvent, key, batch, { sort: key, indexes })])
}

export const describeLogStreams = operation('DescribeLogStreams', describeInput, async (call, given) => {
  const byTime = given.orderBy === 'LastEventTime'
  if (byTime && given.logStreamNamePrefix !== undefined)
    throw invalidParameter('Cannot order by LastEventTime with a logStreamNamePrefix.')
  const group = (await findGroup(call, given)).name
  const streams = new Map<string, LogStream>()
  for (const stream of await streamsOfGroup(call, group))
    if (stream.name.startsWith(given.logStreamNamePrefix ?? '')) streams.set(sortKey(stream, byTime), stream)
  const keys = [...streams.keys()].sort()
  const { names, nextToken } = given.descending
    ? descendingPage(keys, given.limit ?? 50, given.nextToken)
    : pageOfNames('log-streams', keys, given.limit ?? 50, given.nextToken)
  const logStreams = await Promise.all(names.map((key) => present(call, streams.get(key)!)))
  return { logStreams, ...(nextToken && { nextToken }) }
})

/** Descending order is ascending order of the complements: the same paging serves both. */
function descendingPage(
  keys: readonly string[],
  limit: number,
  token: string | undefined,
): ReturnType<typeof pageOfNames> {
  const order = [...keys].reverse()
  const ranks = order.map((_, i) => String(i).padStart(9, '0'))
  const page = pageOfNames('log-streams-descending', ranks, limit, token)
  return { ...page, names: page.names.map((rank) => order[Number(rank)]!) }
}

const sortKey = (stream: LogStream, byTime: boolean): string =>
  byTime ? `${String(lastSignAt(stream)).padStart(15, '0')} ${stream.name}` : stream.name

function lastSignAt(stream: LogStream): number {
  if (stream.kind === 'client') return stream.createdAt
  const step = stream.execution.status.steps[stream.ordinal]
  return step?.finishedAt ?? step?.startedAt ?? stream.createdAt
}

async function streamsOfGroup(call: Call, group: string): Promise<readonly LogStream[]> {
  const clients = await allDocuments<ClientStream>(call.engine, call.tenant, COLLECTIONS.logStream, {
    index: { name: 'group', value: group },
  })
  const streams: LogStream[] = clients.map((d) => d.body)
  for await (const stream of taskStreams(call, group)) streams.push(stream)
  return streams
}

async function present(call: Call, stream: LogStream): Promise<object> {
  const [first, last] = [await firstEvent(call, stream), await lastEvent(call, stream)]
  return {
    logStreamName: stream.name,
    creationTime: stream.createdAt,
    ...(first && { firstEventTimestamp: first.timestamp }),
    ...(last && { lastEventTimestamp: last.timestamp, lastIngestionTime: last.ingestionTime }),
    uploadSequenceToken: String(stream.createdAt),
    arn: `${logGroupArn(call.home, stream.group)}:log-stream:${stream.name}`,
    storedBytes: 0,
  }
}
