/**
 * Reading streams forwards and backwards from a position. Only what the program wrote is shown: system lines are the
 * engine's, and AWS has none.
 */
import type { LogFrom, LogLine } from '../../../core/ports/log-store.ts'
import { allDocuments } from '../../kit/documents.ts'
import { COLLECTIONS } from '../documents.ts'
import type { Call } from '../operation.ts'
import type { ClientStream, LogStream, TaskStream } from './log-stream.ts'
import { streamKey } from './log-stream.ts'
import { compare, type Position, START, type StreamEvent } from './stream-event.ts'

/** Lines read at a time. */
const PAGE = 1_000
/** Lines read first, backwards: more are held at once than a page of wide lines needs. */
const WINDOW = 50
/** Who wants one event reads few lines: not every line is an event. */
const GLANCE = 10

/** From `from` on, oldest first; nothing older than `since` (epoch ms). */
export async function* forwards(
  call: Call,
  stream: LogStream,
  from: Position,
  since?: number,
  size = PAGE,
): AsyncIterable<StreamEvent> {
  if (stream.kind === 'task') yield* taskForwards(call, stream, from, since, size)
  else
    for (const event of await clientEvents(call, stream))
      if (compare(event.position, from) >= 0 && event.timestamp >= (since ?? 0)) yield event
}

/** Before `before`, newest first. Without it: from the end. */
export async function* backwards(
  call: Call,
  stream: LogStream,
  before?: Position,
  size = WINDOW,
): AsyncIterable<StreamEvent> {
  if (stream.kind === 'task') yield* taskBackwards(call, stream, before, size)
  else {
    const events = (await clientEvents(call, stream)).filter(
      (e) => before === undefined || compare(e.position, before) < 0,
    )
    yield* [...events].reverse()
  }
}

export const firstEvent = (call: Call, stream: LogStream): Promise<StreamEvent | undefined> =>
  firstOf(forwards(call, stream, START, undefined, GLANCE))

export const lastEvent = (call: Call, stream: LogStream): Promise<StreamEvent | undefined> =>
  firstOf(backwards(call, stream, undefined, GLANCE))

async function firstOf<T>(items: AsyncIterable<T>): Promise<T | undefined> {
  for await (const item of items) return item
  return undefined
}

const attemptsOf = ({ execution, ordinal }: TaskStream): readonly number[] =>
  (execution.status.steps[ordinal]?.attempts ?? []).map((a) => a.number)

async function* taskForwards(
  call: Call,
  stream: TaskStream,
  from: Position,
  since: number | undefined,
  size: number,
): AsyncIterable<StreamEvent> {
  for (const attempt of attemptsOf(stream)) {
    if (attempt < from.attempt) continue
    let at: LogFrom =
      attempt === from.attempt ? { seq: from.seq } : since === undefined ? undefined : { since: since * 1000 }
    for (let lines = size; ; lines = more(lines)) {
      const page = await readPage(call, stream, attempt, at, lines)
      for (const line of page.lines) {
        const event = eventOf(attempt, line)
        if (event && event.timestamp >= (since ?? 0)) yield event
      }
      if (page.end || page.lines.length === 0) break
      at = { seq: page.next }
    }
  }
}

/** Where a few lines held no event, many may not. */
const more = (lines: number): number => Math.min(PAGE, lines * 4)

async function* taskBackwards(
  call: Call,
  stream: TaskStream,
  before: Position | undefined,
  size: number,
): AsyncIterable<StreamEvent> {
  for (const attempt of [...attemptsOf(stream)].reverse()) {
    if (before !== undefined && attempt > before.attempt) continue
    const known = before !== undefined && attempt === before.attempt
    let end = known ? before.seq : (await readPage(call, stream, attempt, { last: 0 }, 1)).next
    for (let lines = size; end > 0; lines = more(lines)) {
      const start = Math.max(0, end - lines)
      for (const line of (await linesBetween(call, stream, attempt, start, end)).reverse()) {
        const event = eventOf(attempt, line)
        if (event) yield event
      }
      end = start
    }
  }
}

/** A page of the log store may hold fewer lines than asked for: it ends at a megabyte, and before a gap. */
async function linesBetween(
  call: Call,
  stream: TaskStream,
  attempt: number,
  start: number,
  end: number,
): Promise<LogLine[]> {
  const lines: LogLine[] = []
  for (let at = start; at < end; ) {
    const page = await readPage(call, stream, attempt, { seq: at }, end - at)
    lines.push(...page.lines.filter((line) => line.seq < end))
    if (page.lines.length === 0) break
    at = page.next
  }
  return lines
}

const readPage = (call: Call, stream: TaskStream, attempt: number, from: LogFrom, limit: number) =>
  call.engine.log(
    call.tenant,
    { execution: stream.execution.id, step: stream.execution.submission.plan.steps[stream.ordinal]!.name, attempt },
    from,
    limit,
  )

const decoder = new TextDecoder()

/** Empty lines are no events: CloudWatch takes none, and Docker's awslogs driver sends none. */
function eventOf(attempt: number, line: LogLine): StreamEvent | undefined {
  if (line.source === 'system' || line.bytes.length === 0) return undefined
  const timestamp = Math.floor(line.at / 1000)
  return {
    timestamp,
    ingestionTime: timestamp,
    message: decoder.decode(line.bytes),
    position: { attempt, seq: line.seq },
  }
}

export interface EventBatch {
  readonly events: readonly { readonly timestamp: number; readonly message: string }[]
  readonly ingestionTime: number
}

async function clientEvents(call: Call, stream: ClientStream): Promise<readonly StreamEvent[]> {
  const batches = await allDocuments<EventBatch>(call.engine, call.tenant, COLLECTIONS.logEvent, {
    index: { name: 'stream', value: streamKey(stream.group, stream.name) },
  })
  const events = batches.flatMap(({ body }) => body.events.map((e) => ({ ...e, ingestionTime: body.ingestionTime })))
  events.sort((a, b) => a.timestamp - b.timestamp)
  return events.map((e, seq) => ({ ...e, position: { attempt: START.attempt, seq } }))
}
