/**
 * Requests → operations. One path for each method, three encodings of it: plain JSON, Connect's JSON and Connect's
 * binary, which the Connect library decodes and encodes. What that library does not do is done here, in front of it:
 * who calls, pages asked for in the query, lenient JSON, events as JSON Lines, and `x-should-retry`.
 */

import { create, fromBinary, fromJson, type JsonValue, type MessageInitShape, toJson } from '@bufbuild/protobuf'
import { ConnectError, type ConnectRouter, createConnectRouter, createContextValues } from '@connectrpc/connect'
import type { UniversalHandler, UniversalServerResponse } from '@connectrpc/connect/protocol'
import { codeToHttpStatus, errorToJson } from '@connectrpc/connect/protocol-connect'
import { compressionBrotli, compressionGzip, universalResponseToNodeResponse } from '@connectrpc/connect-node'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { acceptRawBodies } from '../kit/body.ts'
import { sendJsonLines } from '../kit/json-lines.ts'
import { type Caller, checkGrant } from './auth.ts'
import type { Call, Parts } from './call.ts'
import { asConnectError, invalidArgument, isFinalRefusal, unimplemented } from './errors.ts'
import { EventService, WatchEventsRequestSchema, WatchEventsResponseSchema } from './gen/gitpod/v1/event_pb.js'
import { CALL, registerOperations, registerOps } from './operations/table.ts'
import { watchEvents } from './operations/watch-events.ts'
import { lenient } from './wire/lenient-json.ts'
import { queryPagination } from './wire/pagination.ts'
import { retriesOf } from './wire/retries.ts'

export const BODY_LIMIT = 16 * 1024 * 1024
const JSON_LINES = 'application/jsonl'
const WATCH_EVENTS = `/${EventService.typeName}/${EventService.method.watchEvents.name}`

type Handlers = ReadonlyMap<string, UniversalHandler>

function handlersOf(register: (router: ConnectRouter) => void): Handlers {
  const router = createConnectRouter({
    grpc: false,
    grpcWeb: false,
    jsonOptions: { alwaysEmitImplicit: true, ignoreUnknownFields: true },
    acceptCompression: [compressionGzip, compressionBrotli],
    readMaxBytes: BODY_LIMIT,
  })
  register(router)
  return new Map(router.handlers.map((handler) => [handler.requestPath, handler]))
}

export class Routes {
  readonly #parts: Parts
  readonly #handlers: Handlers
  readonly #ops: Handlers

  constructor(parts: Parts) {
    this.#parts = parts
    this.#handlers = handlersOf(registerOperations)
    this.#ops = handlersOf(registerOps)
  }

  mount(app: FastifyInstance): void {
    app.removeAllContentTypeParsers()
    acceptRawBodies(app, '*', BODY_LIMIT)
    app.setErrorHandler((error, request, reply) => this.#fail(request, reply, error))
    app.setNotFoundHandler((request, reply) =>
      this.#fail(request, reply, unimplemented(`${request.url} is not served`)),
    )
    app.all('/api/:service/:method', { bodyLimit: BODY_LIMIT }, (request, reply) =>
      this.#answer(request, reply, this.#handlers),
    )
    app.all('/api/ona/ops/:environment/:service/:method', { bodyLimit: BODY_LIMIT }, (request, reply) =>
      this.#answer(request, reply, this.#ops),
    )
  }

  async #answer(request: FastifyRequest, reply: FastifyReply, handlers: Handlers): Promise<FastifyReply> {
    const { service, method } = request.params as { readonly service: string; readonly method: string }
    const handler = handlers.get(`/${service}/${method}`)
    const caller = await this.#parts.auth.caller(request.headers.authorization)
    if (!handler) throw unimplemented(`${service}.${method} is not served`)
    checkGrant(caller, method, handler.method.idempotency === 1 || handler.method.name === 'WatchEvents')
    if (`/${service}/${method}` === WATCH_EVENTS && wantsJsonLines(request))
      return this.#jsonLines(request, reply, caller)
    return this.handle(request, reply, handler, caller)
  }

  /** Through the Connect library; its reply is sent as it is, but for what our clients need besides. */
  async handle(
    request: FastifyRequest,
    reply: FastifyReply,
    handler: UniversalHandler,
    caller: Caller,
  ): Promise<FastifyReply> {
    const gone = new AbortController()
    reply.raw.on('close', () => gone.abort())
    const plain = isPlainJson(request) && handler.method.methodKind === 'unary'
    const json = plain ? readJson(request) : undefined
    const body = plain ? Buffer.from(JSON.stringify(json)) : bytesOf(request)
    if (isPlainBinary(request)) checkBinary(handler, body)
    const response = await handler({
      httpVersion: request.raw.httpVersion,
      url: urlOf(request, handler),
      method: request.method,
      header: headersOf(request, body.length),
      body: only(body),
      signal: AbortSignal.any([gone.signal, request.server.closing]),
      contextValues: createContextValues().set(CALL, this.#call(request, caller, json)),
    })
    if (handler.method.methodKind !== 'unary') {
      reply.hijack()
      await universalResponseToNodeResponse(response, reply.raw).catch(() => reply.raw.destroy())
      return reply
    }
    return this.#send(reply, response)
  }

  async #send(reply: FastifyReply, { status, header, body }: UniversalServerResponse): Promise<FastifyReply> {
    const parts: Uint8Array[] = []
    for await (const part of body ?? []) parts.push(part)
    header?.forEach((value, name) => void reply.header(name, value))
    if (isFinalRefusal(status)) reply.header('x-should-retry', 'false')
    const bytes = Buffer.concat(parts)
    const isJson = header?.get('content-type') === 'application/json' && !header.has('content-encoding')
    return reply.code(status).send(isJson && status === 200 ? withoutEmptyFailures(bytes) : bytes)
  }

  async #jsonLines(request: FastifyRequest, reply: FastifyReply, caller: Caller): Promise<FastifyReply> {
    const message = fromJson(WatchEventsRequestSchema, readJson(request) as JsonValue, { ignoreUnknownFields: true })
    const gone = new AbortController()
    reply.raw.on('close', () => gone.abort())
    const signal = AbortSignal.any([gone.signal, request.server.closing])
    const events = watchEvents(this.#call(request, caller, undefined), message, signal)[Symbol.asyncIterator]()
    // The first is asked for before anything is sent: what is wrong with the request is still a status of its own.
    const first = await events.next()
    await sendJsonLines(request, reply, () => messagesOf(first, events), {
      contentType: JSON_LINES,
      heartbeat: 'none',
      onFailure: (err) => this.#parts.context.log.error({ err }, 'a stream of events broke'),
    })
    return reply
  }

  #call(request: FastifyRequest, caller: Caller, json: unknown): Call {
    const query = queryPagination(new URL(request.url, 'http://localhost').searchParams)
    const { environment: place } = request.params as { readonly environment?: string }
    return {
      ...this.#parts,
      caller,
      tenant: caller.principal.tenant,
      query,
      json,
      retries: retriesOf(request.headers),
      ...(place !== undefined && { place }),
    }
  }

  /** In Connect's words, for both generations and every encoding. */
  #fail(request: FastifyRequest, reply: FastifyReply, thrown: unknown): FastifyReply {
    const error = frameworkError(thrown) ?? asConnectError(thrown)
    const status = codeToHttpStatus(error.code)
    const facts = { code: error.code, message: error.rawMessage, url: request.url }
    if (error.cause !== undefined) this.#parts.context.log.error({ ...facts, err: error.cause }, 'an Ona call failed')
    if (isFinalRefusal(status)) reply.header('x-should-retry', 'false')
    return reply
      .code(status)
      .type('application/json')
      .send(JSON.stringify(errorToJson(error, undefined)))
  }
}

/** The library knows its methods by their own paths. */
function urlOf(request: FastifyRequest, handler: UniversalHandler): string {
  const url = new URL(request.url, 'http://localhost')
  url.pathname = handler.requestPath
  return url.toString()
}

const mediaType = (request: FastifyRequest): string =>
  (request.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase()

const isPlain = (request: FastifyRequest, type: string): boolean =>
  request.method === 'POST' &&
  mediaType(request) === type &&
  (request.headers['content-encoding'] ?? 'identity') === 'identity'

const isPlainJson = (request: FastifyRequest): boolean => isPlain(request, 'application/json')
const isPlainBinary = (request: FastifyRequest): boolean => isPlain(request, 'application/proto')

/** The older generation asks by `Accept`, TypeScript by the content type as well. */
const wantsJsonLines = (request: FastifyRequest): boolean =>
  mediaType(request) === JSON_LINES || (request.headers.accept ?? '').includes(JSON_LINES)

type EventShape = MessageInitShape<typeof WatchEventsResponseSchema>

async function* messagesOf(
  first: IteratorResult<EventShape>,
  rest: AsyncIterator<EventShape>,
): AsyncGenerator<JsonValue> {
  try {
    for (let next = first; !next.done; next = await rest.next())
      yield toJson(WatchEventsResponseSchema, create(WatchEventsResponseSchema, next.value))
  } finally {
    await rest.return?.()
  }
}

/** Throws `invalid_argument`. No body is an empty message. */
function readJson(request: FastifyRequest): unknown {
  const text = request.body instanceof Buffer ? request.body.toString('utf8') : ''
  if (text.trim() === '') return {}
  try {
    return lenient(JSON.parse(text))
  } catch (error) {
    throw invalidArgument(`the body is no JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
}

const bytesOf = (request: FastifyRequest): Buffer => (request.body instanceof Buffer ? request.body : Buffer.alloc(0))

async function* only(bytes: Buffer): AsyncIterable<Uint8Array> {
  if (bytes.length > 0) yield bytes
}

/** The library calls a message it cannot read its own fault: it is the sender's. Throws `invalid_argument`. */
function checkBinary({ method }: UniversalHandler, bytes: Buffer): void {
  try {
    fromBinary(method.input, bytes)
  } catch (error) {
    throw invalidArgument(`the body is no ${method.input.typeName}: ${error instanceof Error ? error.message : error}`)
  }
}

/** The body may have been written anew: its length is the one that counts. */
function headersOf(request: FastifyRequest, length: number): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers))
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) headers.append(name, one)
  if (headers.has('content-length')) headers.set('content-length', String(length))
  return headers
}

/** The older TypeScript SDK takes an empty list of failures for a failure (ona.md 6). */
function withoutEmptyFailures(bytes: Buffer): Buffer | string {
  if (!bytes.includes('"failureMessage":[]')) return bytes
  const drop = (key: string, value: unknown): unknown =>
    key === 'failureMessage' && Array.isArray(value) && value.length === 0 ? undefined : value
  return JSON.stringify(JSON.parse(bytes.toString('utf8'), drop))
}

/** What the HTTP framework itself refuses: too large, too often, malformed. */
function frameworkError(thrown: unknown): ConnectError | undefined {
  if (thrown instanceof ConnectError) return undefined
  const status = (thrown as { readonly statusCode?: unknown }).statusCode
  const message = thrown instanceof Error ? thrown.message : 'malformed request'
  if (status === 413 || status === 429) return new ConnectError(message, 8)
  return typeof status === 'number' && status >= 400 && status < 500 ? invalidArgument(message) : undefined
}
