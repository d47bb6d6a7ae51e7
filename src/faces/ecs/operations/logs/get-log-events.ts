import { invalidParameter } from '../../errors.ts'
import { EventPage } from '../../logs/event-page.ts'
import { findGroup } from '../../logs/find-group.ts'
import { shownSince } from '../../logs/log-group.ts'
import {
  groupIdentifierShape,
  groupNameShape,
  limitShape,
  streamMissing,
  streamNameShape,
} from '../../logs/log-shapes.ts'
import { findStream, type LogStream } from '../../logs/log-stream.ts'
import { backwards, forwards, lastEvent } from '../../logs/read-stream.ts'
import { after, type Position, START, type StreamEvent } from '../../logs/stream-event.ts'
import { parseStreamToken, streamToken } from '../../logs/stream-token.ts'
import { type Call, operation } from '../../operation.ts'
import { flag, long, structure, text, type ValueOf } from '../../wire/shape.ts'

const input = structure({
  logGroupName: groupNameShape,
  logGroupIdentifier: groupIdentifierShape,
  logStreamName: streamNameShape,
  startTime: long,
  endTime: long,
  nextToken: text,
  limit: limitShape(10_000),
  startFromHead: flag,
  unmask: flag,
})
type Input = ValueOf<typeof input>

/** At either end of the stream the token comes back that was sent. */
export const getLogEvents = operation('GetLogEvents', input, async (call, asked) => {
  if (asked.logStreamName === undefined) throw invalidParameter('logStreamName must not be null')
  const token = asked.nextToken === undefined ? undefined : parseStreamToken(asked.nextToken)
  const group = await findGroup(call, asked)
  const stream = await findStream(call, group.name, asked.logStreamName)
  if (!stream) throw streamMissing()
  const startTime = shownSince(group, call.engine.now(), asked.startTime)
  const given: Input = { ...asked, ...(startTime !== undefined && { startTime }) }
  const forward = token ? token.direction === 'forward' : (given.startFromHead ?? false)
  const start = token?.position ?? (forward ? START : undefined)
  const events = forward
    ? await readForwards(call, stream, start ?? START, given)
    : (await readBackwards(call, stream, start, given)).reverse()
  const [first, last] = [events[0], events[events.length - 1]]
  const here = start ?? (await endOf(call, stream))
  return {
    events: events.map(({ timestamp, message, ingestionTime }) => ({ timestamp, message, ingestionTime })),
    nextForwardToken: streamToken({ direction: 'forward', position: last ? after(last.position) : here }),
    nextBackwardToken: streamToken({ direction: 'backward', position: first?.position ?? here }),
  }
})

async function readForwards(call: Call, stream: LogStream, from: Position, given: Input): Promise<StreamEvent[]> {
  const page = new EventPage<StreamEvent>(given.limit)
  for await (const event of forwards(call, stream, from, given.startTime)) {
    if (given.endTime !== undefined && event.timestamp >= given.endTime) continue
    if (!page.takes(event)) break
  }
  return page.events
}

async function readBackwards(
  call: Call,
  stream: LogStream,
  before: Position | undefined,
  given: Input,
): Promise<StreamEvent[]> {
  const page = new EventPage<StreamEvent>(given.limit)
  for await (const event of backwards(call, stream, before)) {
    if (given.endTime !== undefined && event.timestamp >= given.endTime) continue
    if (given.startTime !== undefined && event.timestamp < given.startTime) break
    if (!page.takes(event)) break
  }
  return page.events
}

async function endOf(call: Call, stream: LogStream): Promise<Position> {
  const last = await lastEvent(call, stream)
  return last ? after(last.position) : START
}
