/**
 * Many streams as one, in order of time. Pages are cut by event id, which sorts like (time, stream, place in it): the
 * next page begins behind the last id, wherever new lines came in meanwhile.
 */
import { isFinal } from '../../../core/execution.ts'
import { allDocuments } from '../../kit/documents.ts'
import { COLLECTIONS } from '../documents.ts'
import { derivedHex } from '../identifiers.ts'
import type { Call } from '../operation.ts'
import type { LogFilter } from './filter-pattern.ts'
import { streamMissing } from './log-shapes.ts'
import { type ClientStream, findStream, type LogStream, taskStreams } from './log-stream.ts'
import { forwards } from './read-stream.ts'
import { START, type StreamEvent } from './stream-event.ts'

export interface FilterRequest {
  readonly group: string
  readonly matches: LogFilter
  readonly limit: number
  /** Epoch ms; from inclusive, until exclusive. */
  readonly since: number
  readonly until?: number
  readonly names?: readonly string[]
  readonly prefix?: string
  /** Id of the last event of the page before. */
  readonly after?: string
}

export interface FilteredEvent {
  readonly logStreamName: string
  readonly timestamp: number
  readonly message: string
  readonly ingestionTime: number
  readonly eventId: string
}

/** Matching events; `next` when there may be more. */
export async function filterStreams(
  call: Call,
  request: FilterRequest,
): Promise<{ readonly events: readonly FilteredEvent[]; readonly next?: string }> {
  const streams = await streamsFor(call, request)
  const heads = await Promise.all(streams.map((s) => Head.open(call, s, request)))
  const events: FilteredEvent[] = []
  const open = new Set(heads.filter((h) => h.event !== undefined))
  while (open.size > 0 && events.length < request.limit) {
    const next = [...open].reduce((a, b) => (a.event!.eventId < b.event!.eventId ? a : b))
    events.push(next.event!)
    await next.advance()
    if (next.event === undefined) open.delete(next)
  }
  for (const head of open) await head.close()
  const last = events[events.length - 1]
  return open.size > 0 && last ? { events, next: last.eventId } : { events }
}

async function streamsFor(call: Call, request: FilterRequest): Promise<readonly LogStream[]> {
  const { group, names, prefix } = request
  if (names) {
    const found = await Promise.all(names.map((name) => findStream(call, group, name)))
    if (found.every((s) => s === undefined)) throw streamMissing()
    return found.filter((s) => s !== undefined)
  }
  const clients = await allDocuments<ClientStream>(call.engine, call.tenant, COLLECTIONS.logStream, {
    index: { name: 'group', value: group },
  })
  const streams: LogStream[] = clients.map((d) => d.body)
  for await (const stream of taskStreams(call, group)) if (overlaps(stream, request)) streams.push(stream)
  return prefix === undefined ? streams : streams.filter((s) => s.name.startsWith(prefix))
}

/** Whether it can have events in the time asked for: tells without reading. */
function overlaps(stream: LogStream, { since, until, after }: FilterRequest): boolean {
  if (stream.kind !== 'task') return true
  if (until !== undefined && stream.createdAt >= until) return false
  const from = Math.max(since, after === undefined ? 0 : Number(after.slice(0, 15)))
  const { execution } = stream
  return !isFinal(execution) || (execution.status.finishedAt ?? 0) + SLACK_MS >= from
}

/** Lines may be stamped a little after the end that the engine recorded. */
const SLACK_MS = 60_000

/** The next matching event of one stream. */
class Head {
  event: FilteredEvent | undefined
  readonly #events: AsyncIterator<StreamEvent>
  readonly #stream: LogStream
  readonly #request: FilterRequest
  readonly #mark: string

  private constructor(call: Call, stream: LogStream, request: FilterRequest) {
    const from = Math.max(request.since, request.after === undefined ? 0 : Number(request.after.slice(0, 15)))
    this.#events = forwards(call, stream, START, from)[Symbol.asyncIterator]()
    this.#stream = stream
    this.#request = request
    this.#mark = derivedHex('stream', stream.group, stream.name).slice(0, 16)
  }

  static async open(call: Call, stream: LogStream, request: FilterRequest): Promise<Head> {
    const head = new Head(call, stream, request)
    await head.advance()
    return head
  }

  async advance(): Promise<void> {
    const { matches, until, after } = this.#request
    for (;;) {
      const { value, done } = await this.#events.next()
      if (done) {
        this.event = undefined
        return
      }
      const event = this.#present(value)
      if (until !== undefined && event.timestamp >= until) continue
      if ((after === undefined || event.eventId > after) && matches(event.message)) {
        this.event = event
        return
      }
    }
  }

  async close(): Promise<void> {
    await this.#events.return?.()
  }

  #present({ timestamp, message, ingestionTime, position }: StreamEvent): FilteredEvent {
    const place = `${String(position.attempt).padStart(4, '0')}${String(position.seq).padStart(14, '0')}`
    const eventId = `${String(timestamp).padStart(15, '0')}${this.#mark}${place}`
    return { logStreamName: this.#stream.name, timestamp, message, ingestionTime, eventId }
  }
}
