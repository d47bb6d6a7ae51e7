/**
 * Answers that go on while something happens: server-sent events (sse.ts), JSON lines (json-lines.ts), a vendor's own
 * frames. One ends when its source ends, the client goes away or the origin closes. A slow reader holds the source back;
 * it never makes the server buffer. The status is 200 from the start: whoever can refuse does so before calling.
 */
import { once } from 'node:events'
import type { FastifyReply, FastifyRequest } from 'fastify'

export interface LiveAnswer<Item> {
  readonly contentType: string
  /** One item on the wire. */
  frame(item: Item): string | Uint8Array
  /** Sent at once, so that the client learns that it is connected; '' where the format has no such thing. */
  readonly opening: string
  /** Sent again and again, so that nobody between takes the connection for dead; '' for none. */
  readonly heartbeat: string
  /** The last frame after a failure. Undefined: the connection is cut, which tells the client the same. */
  readonly failure?: string
}

const HEARTBEAT_MS = 15_000

/** Answers with what `source` yields. The source must end when its signal aborts. */
export async function sendLive<Item>(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: LiveAnswer<Item>,
  source: (signal: AbortSignal) => AsyncIterable<Item>,
  onFailure?: (error: unknown) => void,
): Promise<void> {
  const gone = new AbortController()
  const response = reply.raw
  const signal = AbortSignal.any([gone.signal, request.server.closing])
  reply.hijack()
  response.on('close', () => gone.abort())
  response.writeHead(200, headersOf(request, reply, answer))
  if (answer.opening === '') response.flushHeaders()
  else response.write(answer.opening)
  const beat = (): boolean => answer.heartbeat === '' || response.write(answer.heartbeat)
  const heartbeat = setInterval(beat, HEARTBEAT_MS)
  try {
    for await (const item of source(signal)) {
      if (signal.aborted) break
      if (!response.write(answer.frame(item))) await once(response, 'drain', { signal }).catch(() => undefined)
    }
  } catch (error) {
    if (!signal.aborted) {
      onFailure?.(error)
      if (answer.failure === undefined) response.destroy()
      else response.write(answer.failure)
    }
  } finally {
    clearInterval(heartbeat)
    response.end()
  }
}

const headersOf = (
  request: FastifyRequest,
  reply: FastifyReply,
  { contentType }: Pick<LiveAnswer<never>, 'contentType'>,
): Record<string, string> => ({
  ...(reply.getHeaders() as Record<string, string>),
  'content-type': contentType,
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
  // Else it is as the client asked: one that is told otherwise uses a connection that is not read any more.
  ...(request.server.closing.aborted && { connection: 'close' }),
})
