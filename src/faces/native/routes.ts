/**
 * The native face: `/taskport/v1` and what belongs to the server itself. Its claims, and the way of a request:
 * authenticate → check → handler → answer. Every operation of the contract becomes a route here; there are no others
 * under `/taskport/v1`.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { TSchema } from 'typebox'
import { asTenant, type Principal } from '../../core/identity.ts'
import type { Claim } from '../kit/face.ts'
import { isLoopback } from '../kit/links.ts'
import { RateLimit } from '../kit/rate-limit.ts'
import { TooManyRequests } from '../kit/too-many-requests.ts'
import { authenticate } from './auth.ts'
import { BASE_PATH, contract, type OperationId } from './contract/contract.ts'
import type { Operation } from './contract/operation.ts'
import { ProblemError, problem, problemOf } from './errors.ts'
import { parseJsonBodies } from './json-body.ts'
import type { NativeParts } from './native-parts.ts'
import { openApiDocument } from './openapi.ts'
import type { Answered, Call } from './operation-call.ts'
import { handlers } from './operations/handlers.ts'
import { FACE } from './parse.ts'
import { serializersOf } from './serializer.ts'
import { STATUS_PAGE_HEADERS, statusPage } from './status-page.ts'
import { checkOf, coerced } from './validate.ts'

const wantsHtml: NonNullable<Claim['when']> = {
  id: 'accepts text/html',
  test: ({ headers }) => [headers.accept].flat().join().includes('text/html'),
}

export const claims: readonly Claim[] = [
  { prefix: BASE_PATH },
  { exact: '/openapi.json' },
  { exact: '/metrics' },
  { exact: '/healthz' },
  { method: 'GET', exact: '/', when: wantsHtml },
]

/** Per credential, for callers from elsewhere. */
const CREDENTIAL_LIMIT = { perSecond: 500, burst: 2_000 }

export function mountRoutes(app: FastifyInstance, parts: NativeParts): void {
  parseJsonBodies(app)
  app.decorateRequest('principal')
  app.setErrorHandler((error, request, reply) => answerError(parts, error, request, reply))
  app.setNotFoundHandler((request, reply) => answerError(parts, noRoute(request), request, reply))
  mountServer(app, parts)
  const limit = new RateLimit(CREDENTIAL_LIMIT)
  for (const [id, operation] of Object.entries(contract as Readonly<Record<string, Operation>>))
    mountOperation(app, parts, id as OperationId, operation, limit)
}

function mountOperation(
  app: FastifyInstance,
  parts: NativeParts,
  id: OperationId,
  operation: Operation,
  limit: RateLimit,
): void {
  const check = checksOf(operation)
  const handler = handlers[id] as unknown as (call: Call<Operation>) => Promise<Answered | undefined>
  app.route({
    method: operation.method,
    url: routeOf(operation),
    ...(operation.bodyLimit !== undefined && { bodyLimit: operation.bodyLimit }),
    schema: { response: serializersOf(operation) },
    // Before a body is read: strangers cannot make the server buffer anything.
    ...(operation.body && {
      onRequest: async (request) => {
        request.principal = await admitted(parts, request, operation, limit)
      },
    }),
    handler: async (request, reply) => {
      const principal = operation.body ? request.principal : await admitted(parts, request, operation, limit)
      const call = { parts, engine: parts.context.engine, principal, tenant: principal.tenant, request, reply }
      const answered = await handler({ ...call, ...check(request) })
      return answered === undefined ? reply : send(reply, answered)
    },
  })
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the native face before its handlers run. */
    principal: Principal
  }
}

async function admitted(
  parts: NativeParts,
  request: FastifyRequest,
  { access }: Operation,
  limit: RateLimit,
): Promise<Principal> {
  const principal = access === 'public' ? NOBODY : await authenticate(parts, request, access)
  limitCredential(limit, request, principal)
  return principal
}

const NOBODY: Principal = { id: '', kind: 'user', tenant: asTenant(''), face: FACE, grants: [] }

/** `/executions/{id}` → `/taskport/v1/executions/:id`; a colon of the path itself is doubled (find-my-way). */
const routeOf = ({ path }: Operation): string => BASE_PATH + path.replaceAll(':', '::').replaceAll(/\{(\w+)\}/g, ':$1')

type Checked = Pick<Call<Operation>, 'params' | 'query' | 'headers' | 'body'>

/** Compiled once; throws a ProblemError that names the fields. */
function checksOf(operation: Operation): (request: FastifyRequest) => Checked {
  const { params, query, headers, body } = operation
  const compiled = (schema: TSchema | undefined) => (schema ? checkOf(schema) : undefined)
  const headerNames = Object.keys(headers?.properties ?? {})
  const named = (given: FastifyRequest['headers']) => Object.fromEntries(headerNames.map((name) => [name, given[name]]))
  const [onParams, onQuery, onHeaders, onBody] = [params, query, headers, body].map(compiled)
  return (request) => {
    const asked = query ? coerced(query, request.query as Readonly<Record<string, unknown>>) : undefined
    onParams?.(request.params)
    if (query === undefined) refuseQuery(request)
    else onQuery?.(asked)
    onHeaders?.(named(request.headers))
    if (body === undefined) refuseBody(request)
    else if (!(operation.bodyOptional && request.body === undefined)) onBody?.(request.body)
    return { params: request.params, query: asked, headers: request.headers, body: request.body } as Checked
  }
}

function refuseQuery(request: FastifyRequest): void {
  for (const name in request.query as object)
    throw new ProblemError(
      problem(400, 'invalid', 'The request is not valid', `${name}: unknown query parameter`, { field: name }),
    )
}

function refuseBody({ body }: FastifyRequest): void {
  if (body === undefined || body === null || (typeof body === 'object' && Object.keys(body).length === 0)) return
  throw new ProblemError(problem(400, 'invalid', 'The request is not valid', 'this operation takes no body'))
}

function limitCredential(limit: RateLimit, request: FastifyRequest, principal: Principal): void {
  if (isLoopback(request.raw.socket.remoteAddress ?? 'localhost')) return
  const waitMs = limit.take(`${principal.tenant}\n${principal.id}`)
  if (waitMs > 0) throw new TooManyRequests(waitMs)
}

function send(reply: FastifyReply, { status, body, headers }: Answered): FastifyReply {
  reply.code(status)
  if (headers) reply.headers(headers)
  return reply.send(body)
}

function noRoute({ method, url }: FastifyRequest): ProblemError {
  const path = url.split('?')[0] ?? ''
  const methods = methodsAt(path)
  if (methods.length === 0)
    return new ProblemError(
      problem(404, 'not-found', 'No such thing', `there is nothing at ${path}; see /openapi.json`),
    )
  const detail = `${method} is not possible at ${path}; possible: ${methods.join(', ')}`
  return new ProblemError(problem(405, 'method', 'Method not allowed', detail), { allow: methods.join(', ') })
}

const PATHS = Object.values(contract as Readonly<Record<string, Operation>>).map(({ method, path }) => ({
  method,
  expression: new RegExp(`^${BASE_PATH}${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
}))

const methodsAt = (path: string): readonly string[] => [
  ...new Set(PATHS.filter(({ expression }) => expression.test(path)).map(({ method }) => method)),
]

function answerError(parts: NativeParts, thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { error, ours } = problemOf(thrown)
  const requestId = request.id
  if (ours) parts.context.log.error({ err: thrown, requestId, route: request.routeOptions?.url }, 'a request failed')
  return reply
    .code(error.problem.status)
    .headers({ ...error.headers, 'content-type': 'application/problem+json', 'x-request-id': requestId })
    .send(JSON.stringify({ ...error.problem, requestId }))
}

/** What belongs to the server itself. */
function mountServer(app: FastifyInstance, parts: NativeParts): void {
  const { options } = parts
  const document = JSON.stringify(openApiDocument(options.version))
  const json = { 'content-type': 'application/json; charset=utf-8' }
  app.get('/openapi.json', (_request, reply) => reply.headers(json).send(document))
  app.get('/healthz', (_request, reply) => {
    const ready = options.ready()
    return reply
      .code(ready ? 200 : 503)
      .headers(json)
      .send(JSON.stringify({ status: ready ? 'ready' : 'starting' }))
  })
  app.get('/metrics', async (request, reply) => {
    // Numbers of the whole installation: open to this machine, to the operator from elsewhere.
    if (!isLoopback(request.raw.socket.remoteAddress ?? '')) await authenticate(parts, request, 'operator')
    return reply.header('content-type', options.metrics.contentType).send(await options.metrics.text())
  })
  const page = statusPage(options.version)
  app.get('/', (_request, reply) => reply.headers(STATUS_PAGE_HEADERS).send(page))
}
