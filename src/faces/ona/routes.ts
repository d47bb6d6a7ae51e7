/**
 * Requests → operations. One path for each method, three encodings of it: plain JSON, Connect's JSON and Connect's
 * binary, which the Connect library decodes and encodes. What that library does not do is done here, in front of it:
 * who calls, pages asked for in the query, lenient JSON, events as JSON Lines, and `x-should-retry`.
 */

import { create, fromJson, type JsonValue, type MessageInitShape, toJson } from '@bufbuild/protobuf'
import { type ConnectRouter, createConnectRouter, createContextValues } from '@connectrpc/connect'
import type { UniversalHandler, UniversalServerResponse } from '@connectrpc/connect/protocol'
import { codeToHttpStatus, errorToJson } from '@connectrpc/connect/protocol-connect'
import { compressionBrotli, compressionGzip, universalResponseToNodeResponse } from '@connectrpc/connect-node'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { acceptRawBodies } from '../kit/body.ts'
import { sendJsonLines } from '../kit/json-lines.ts'
import { type Caller, checkGrant } from './auth.ts'
import type { Call, Parts } from './call.ts'
import {
  asConnectError,
  frameworkError,
  invalidArgument,
  isFinalRefusal,
  SHOULD_RETRY,
  unimplemented,
} from './errors.ts'
import { EnvironmentService } from './gen/gitpod/v1/environment_pb.js'
import {
  EventService,
  type WatchEventsRequest,
  WatchEventsRequestSchema,
  WatchEventsResponseSchema,
} from './gen/gitpod/v1/event_pb.js'
import { CALL, registerOperations, registerOps } from './operations/table.ts'
import { watchEvents } from './operations/watch-events.ts'
import { queryPagination } from './wire/pagination.ts'
import { BODY_LIMIT, type Body, bytesOf, mediaType, readBody, readJson } from './wire/request-body.ts'
import { retriesOf } from './wire/retries.ts'

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
    const body = await readBody(request, handler.method)
    const response = await handler({
      httpVersion: request.raw.httpVersion,
      url: urlOf(request, handler),
      method: request.method,
      header: headersOf(request, body, handler),
      body: only(body.bytes),
      signal: AbortSignal.any([gone.signal, request.server.closing]),
      contextValues: createContextValues().set(CALL, this.#call(request, caller, body.json)),
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
    if (isFinalRefusal(status)) reply.header(SHOULD_RETRY, 'false')
    if (status === 405) reply.header('allow', 'POST')
    // Such refusals have no body, and so no type.
    if (!header?.has('content-type')) return reply.code(status).send()
    const bytes = Buffer.concat(parts)
    const isJson = header.get('content-type') === 'application/json'
    return reply.code(status).send(isJson && status === 200 ? withoutEmptyFailures(bytes) : bytes)
  }

  async #jsonLines(request: FastifyRequest, reply: FastifyReply, caller: Caller): Promise<FastifyReply> {
    const message = watchRequestOf(request)
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
    if (isFinalRefusal(status)) reply.header(SHOULD_RETRY, 'false')
    error.metadata.forEach((value, name) => void reply.header(name, value))
    // As bytes: to a text the framework would add a charset, which the vendor has not.
    return reply
      .code(status)
      .header('content-type', 'application/json')
      .send(Buffer.from(JSON.stringify(errorToJson(error, undefined))))
  }
}

/** The library knows its methods by their own paths. */
function urlOf(request: FastifyRequest, handler: UniversalHandler): string {
  const url = new URL(request.url, 'http://localhost')
  url.pathname = handler.requestPath
  return url.toString()
}

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

/** Throws `invalid_argument`. */
function watchRequestOf(request: FastifyRequest): WatchEventsRequest {
  const json = readJson(bytesOf(request), EventService.method.watchEvents) as JsonValue
  try {
    return fromJson(WatchEventsRequestSchema, json, { ignoreUnknownFields: true })
  } catch (error) {
    throw invalidArgument(error instanceof Error ? error.message : String(error))
  }
}

async function* only(bytes: Buffer): AsyncIterable<Uint8Array> {
  if (bytes.length > 0) yield bytes
}

/**
 * The body may have been written anew: its length is the one that counts. An environment as JSON is still to be changed
 * when the library is done with it, so it is not compressed.
 */
function headersOf(request: FastifyRequest, { bytes, inflated, json }: Body, { method }: UniversalHandler): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers))
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) headers.append(name, one)
  if (headers.has('content-length')) headers.set('content-length', String(bytes.length))
  if (inflated) headers.delete('content-encoding')
  if (json !== undefined && method.parent === EnvironmentService) headers.delete('accept-encoding')
  return headers
}

/** The older TypeScript SDK takes an empty list of failures for a failure (ona.md 6). */
function withoutEmptyFailures(bytes: Buffer): Buffer | string {
  if (!bytes.includes('"failureMessage":[]')) return bytes
  const drop = (key: string, value: unknown): unknown =>
    key === 'failureMessage' && Array.isArray(value) && value.length === 0 ? undefined : value
  return JSON.stringify(JSON.parse(bytes.toString('utf8'), drop))
}
