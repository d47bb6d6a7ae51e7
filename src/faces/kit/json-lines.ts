/** JSON lines (NDJSON), as live answers (live-answer.ts). */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { sendLive } from './live-answer.ts'

export interface JsonLinesOptions {
  /** Default `application/jsonl`. */
  readonly contentType?: string
  /** An item that says nothing, for clients that take no empty lines; `none`: nothing is sent. Default: an empty line. */
  readonly heartbeat?: { readonly item: unknown } | 'none'
  /** The last item after a failure; absent: the connection is cut. */
  readonly failure?: { readonly item: unknown }
  readonly onFailure?: (error: unknown) => void
}

/** Answers with one line for each item of `source`. The source must end when its signal aborts. */
export function sendJsonLines(
  request: FastifyRequest,
  reply: FastifyReply,
  source: (signal: AbortSignal) => AsyncIterable<unknown>,
  options: JsonLinesOptions = {},
): Promise<void> {
  const { contentType = 'application/jsonl', heartbeat, failure, onFailure } = options
  const silent = heartbeat === 'none' ? '' : heartbeat ? lineOf(heartbeat.item) : '\n'
  const answer = {
    contentType,
    frame: lineOf,
    opening: '',
    heartbeat: silent,
    ...(failure && { failure: lineOf(failure.item) }),
  }
  return sendLive(request, reply, answer, source, onFailure)
}

/** JSON has no raw line breaks, so one line is enough. */
export const lineOf = (item: unknown): string => `${JSON.stringify(item)}\n`
