/**
 * Server-sent events. The stream ends when the source ends, the client goes away or the origin closes. A slow reader
 * holds the source back; it never makes the server buffer. The status is 200 from the start: whoever can refuse (an
 * expired cursor) does so before calling.
 */
import { once } from 'node:events'
import type { FastifyReply, FastifyRequest } from 'fastify'

export interface SentEvent {
  /** Where a client resumes: it comes back as `Last-Event-ID`. */
  readonly id?: string
  readonly event?: string
  /** Serialized as JSON. */
  readonly data: unknown
}

const HEARTBEAT_MS = 15_000

/** Answers with the events of `source`. The source must end when its signal aborts. */
export async function sendEvents(
  request: FastifyRequest,
  reply: FastifyReply,
  source: (signal: AbortSignal) => AsyncIterable<SentEvent>,
  onFailure?: (error: unknown) => void,
): Promise<void> {
  const gone = new AbortController()
  const response = reply.raw
  const signal = AbortSignal.any([gone.signal, request.server.closing])
  reply.hijack()
  response.on('close', () => gone.abort())
  response.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    connection: request.server.closing.aborted ? 'close' : 'keep-alive',
  })
  // The client learns at once that it is connected.
  response.write(':\n\n')
  const heartbeat = setInterval(() => response.write(':\n\n'), HEARTBEAT_MS)
  try {
    for await (const event of source(signal)) {
      if (signal.aborted) break
      if (!response.write(frameOf(event))) await drained(response, signal)
    }
  } catch (error) {
    if (!signal.aborted) {
      onFailure?.(error)
      response.write(frameOf({ event: 'error', data: { detail: 'the stream failed: resume it' } }))
    }
  } finally {
    clearInterval(heartbeat)
    response.end()
  }
}

async function drained(response: NodeJS.EventEmitter, signal: AbortSignal): Promise<void> {
  await once(response, 'drain', { signal }).catch(() => undefined)
}

/** One event on the wire. JSON has no raw line breaks, so one data line is enough. */
export function frameOf({ id, event, data }: SentEvent): string {
  const head = (id === undefined ? '' : `id: ${id}\n`) + (event === undefined ? '' : `event: ${event}\n`)
  return `${head}data: ${JSON.stringify(data)}\n\n`
}

/** Whether the client asks for a stream. */
export const acceptsEvents = (request: FastifyRequest): boolean =>
  request.headers.accept?.includes('text/event-stream') === true
