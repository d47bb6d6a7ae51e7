/**
 * Pages of what matches in a group. They are cut by event id: the next page begins behind the last one that was looked
 * at, wherever new lines came in meanwhile.
 */
import { isFinal } from '../../../core/execution.ts'
import { allDocuments } from '../../kit/documents.ts'
import { COLLECTIONS } from '../documents.ts'
import type { Call } from '../operation.ts'
import { EventPage } from './event-page.ts'
import type { LogFilter } from './filter-pattern.ts'
import { streamMissing } from './log-shapes.ts'
import { type ClientStream, findStream, type LogStream, taskStreams } from './log-stream.ts'
import { beginOf, type EventRange, type FilteredEvent, mergeStreams } from './merge-streams.ts'

export interface FilterRequest extends EventRange {
  readonly group: string
  readonly matches: LogFilter
  readonly limit: number
  readonly names?: readonly string[]
  readonly prefix?: string
}

/** Looked at for one page, so that no reply takes longer than clients wait; CloudWatch too may answer part of a page. */
const MOST_SCANNED = 200_000

/** Matching events; `next` when there may be more, even where none matched yet. */
export async function filterStreams(
  call: Call,
  request: FilterRequest,
): Promise<{ readonly events: readonly FilteredEvent[]; readonly next?: string }> {
  const page = new EventPage<FilteredEvent>(request.limit)
  let scanned = 0
  let last: string | undefined
  for await (const event of mergeStreams(call, await streamsFor(call, request), request)) {
    const cut = scanned++ === MOST_SCANNED || (request.matches(event.message) && !page.takes(event))
    if (cut) return { events: page.events, ...(last !== undefined && { next: last }) }
    last = event.eventId
  }
  return { events: page.events }
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
function overlaps(stream: LogStream, request: FilterRequest): boolean {
  if (stream.kind !== 'task') return true
  if (request.until !== undefined && stream.createdAt >= request.until) return false
  const { execution } = stream
  return !isFinal(execution) || (execution.status.finishedAt ?? 0) + SLACK_MS >= beginOf(request)
}

/** Lines may be stamped a little after the end that the engine recorded. */
const SLACK_MS = 60_000
