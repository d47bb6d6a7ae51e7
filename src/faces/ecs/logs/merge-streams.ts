/**
 * Many streams as one, in order of event ids, which sort like (time, stream, place in it). A stream is opened only when
 * its first event may be the next one, so that a page of a group with a long history costs what the page costs.
 */
import { derivedHex } from '../identifiers.ts'
import type { Call } from '../operation.ts'
import type { LogStream } from './log-stream.ts'
import { forwards } from './read-stream.ts'
import { START, type StreamEvent } from './stream-event.ts'

export interface EventRange {
  /** Epoch ms; from inclusive, until exclusive. */
  readonly since: number
  readonly until?: number
  /** Id of the last event that is not wanted any more. */
  readonly after?: string
}

export interface FilteredEvent {
  readonly logStreamName: string
  readonly timestamp: number
  readonly message: string
  readonly ingestionTime: number
  readonly eventId: string
}

/** Epoch ms before which a range has nothing more to give. */
export const beginOf = ({ since, after }: EventRange): number =>
  Math.max(since, after === undefined ? 0 : Number(after.slice(0, 15)))

/** Opened at once: more would only wait for the same disk. */
const BATCH = 16
/** Clocks may be set back a little between a task's acceptance and its first line. */
const SLACK_MS = 2_000

export async function* mergeStreams(
  call: Call,
  streams: readonly LogStream[],
  range: EventRange,
): AsyncIterable<FilteredEvent> {
  const waiting = [...streams].sort((a, b) => opensAt(a) - opensAt(b))
  const heads = new Heads()
  const openDue = async (): Promise<void> => {
    for (;;) {
      const first = heads.first?.event.timestamp ?? Number.POSITIVE_INFINITY
      const due = waiting.slice(0, BATCH).filter((s) => opensAt(s) <= first)
      if (due.length === 0) return
      waiting.splice(0, due.length)
      for (const head of await Promise.all(due.map((s) => Head.open(call, s, range)))) heads.add(head)
    }
  }
  try {
    for (;;) {
      await openDue()
      const head = heads.takeFirst()
      if (!head) return
      yield head.event
      heads.add(await head.advance())
    }
  } finally {
    await heads.close()
  }
}

/** No event of a task's stream is older than the task; clients write whatever times they like. */
const opensAt = (stream: LogStream): number => (stream.kind === 'task' ? stream.createdAt - SLACK_MS : 0)

/** Streams whose next event is known; the earliest one last. */
class Heads {
  readonly #sorted: Head[] = []

  get first(): Head | undefined {
    return this.#sorted[this.#sorted.length - 1]
  }

  add(head: Head | undefined): void {
    if (!head) return
    let [low, high] = [0, this.#sorted.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#sorted[middle]!.event.eventId > head.event.eventId) low = middle + 1
      else high = middle
    }
    this.#sorted.splice(low, 0, head)
  }

  takeFirst(): Head | undefined {
    return this.#sorted.pop()
  }

  async close(): Promise<void> {
    for (const head of this.#sorted.splice(0)) await head.close()
  }
}

/** One stream, read up to its next event within the range. */
class Head {
  readonly event: FilteredEvent
  readonly #reader: StreamReader

  private constructor(event: FilteredEvent, reader: StreamReader) {
    this.event = event
    this.#reader = reader
  }

  static async open(call: Call, stream: LogStream, range: EventRange): Promise<Head | undefined> {
    return Head.#next(new StreamReader(call, stream, range))
  }

  /** Undefined at the end of the stream. */
  advance(): Promise<Head | undefined> {
    return Head.#next(this.#reader)
  }

  close(): Promise<void> {
    return this.#reader.close()
  }

  static async #next(reader: StreamReader): Promise<Head | undefined> {
    const event = await reader.next()
    return event && new Head(event, reader)
  }
}

class StreamReader {
  readonly #events: AsyncIterator<StreamEvent>
  readonly #name: string
  readonly #mark: string
  readonly #range: EventRange

  constructor(call: Call, stream: LogStream, range: EventRange) {
    this.#events = forwards(call, stream, START, beginOf(range))[Symbol.asyncIterator]()
    this.#name = stream.name
    this.#mark = derivedHex('stream', stream.group, stream.name).slice(0, 16)
    this.#range = range
  }

  async next(): Promise<FilteredEvent | undefined> {
    const { until, after } = this.#range
    for (;;) {
      const { value, done } = await this.#events.next()
      if (done) return undefined
      if (until !== undefined && value.timestamp >= until) continue
      const event = this.#present(value)
      if (after === undefined || event.eventId > after) return event
    }
  }

  async close(): Promise<void> {
    await this.#events.return?.()
  }

  #present({ timestamp, message, ingestionTime, position }: StreamEvent): FilteredEvent {
    const place = `${String(position.attempt).padStart(4, '0')}${String(position.seq).padStart(14, '0')}`
    const eventId = `${String(timestamp).padStart(15, '0')}${this.#mark}${place}`
    return { logStreamName: this.#name, timestamp, message, ingestionTime, eventId }
  }
}
