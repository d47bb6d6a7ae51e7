import type { LogLine, Operations } from './native-api.gen.ts'
import type { NativeClient } from './native-client.ts'
import { persistently } from './persistence.ts'
import type { ServerSentEvent } from './server-sent-events.ts'

export type LogQuery = Operations['getExecutionLog']['query']

/** A line and the step that wrote it. */
export interface StepLine extends LogLine {
  readonly step: string
}

export type LineSink = (line: StepLine) => Promise<void>

/**
 * Follows the log of a whole execution, all steps in order of time, also of those that begin later, until it is final and
 * every log has ended. Outlives restarts of the server; each line comes once.
 */
export async function followLog(
  client: NativeClient,
  id: string,
  query: LogQuery,
  sink: LineSink,
  signal: AbortSignal,
): Promise<void> {
  const open = (lastId: string | undefined): AsyncIterable<ServerSentEvent> => {
    const headers = lastId === undefined ? {} : { 'last-event-id': lastId }
    return client.stream('getExecutionLog', { path: { id }, query, headers }, signal)
  }
  const seen = new Map<string, number>()
  for await (const event of persistently(open, signal, () => undefined)) {
    if (event.event === 'end') return
    if (event.event !== 'line') continue
    const line = JSON.parse(event.data) as StepLine
    // A stream that was resumed may repeat a few.
    if (line.seq <= (seen.get(line.attempt ?? '') ?? -1)) continue
    seen.set(line.attempt ?? '', line.seq)
    await sink(line)
  }
}
