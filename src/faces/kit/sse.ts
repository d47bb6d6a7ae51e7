/** Server-sent events, as live answers (live-answer.ts). */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { sendLive } from './live-answer.ts'

export interface SentEvent {
  /** Where a client resumes: it comes back as `Last-Event-ID`. */
  readonly id?: string
  readonly event?: string
  /** Serialized as JSON. */
  readonly data: unknown
}

/** Answers with the events of `source`. The source must end when its signal aborts. */
export const sendEvents = (
  request: FastifyRequest,
  reply: FastifyReply,
  source: (signal: AbortSignal) => AsyncIterable<SentEvent>,
  onFailure?: (error: unknown) => void,
): Promise<void> => sendLive(request, reply, EVENTS, source, onFailure)

/** One event on the wire. JSON has no raw line breaks, so one data line is enough. */
function frameOf({ id, event, data }: SentEvent): string {
  const head = (id === undefined ? '' : `id: ${id}\n`) + (event === undefined ? '' : `event: ${event}\n`)
  return `${head}data: ${JSON.stringify(data)}\n\n`
}

const EVENTS = {
  contentType: 'text/event-stream; charset=utf-8',
  frame: frameOf,
  opening: ':\n\n',
  heartbeat: ':\n\n',
  failure: frameOf({ event: 'error', data: { detail: 'the stream failed: resume it' } }),
} as const

/** Whether the client asks for a stream. */
export const acceptsEvents = (request: FastifyRequest): boolean =>
  request.headers.accept?.includes('text/event-stream') === true
