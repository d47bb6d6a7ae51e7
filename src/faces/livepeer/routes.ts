/**
 * Requests → operations. All but media is JSON below `/api`; every refusal, the framework's included, is
 * `{"errors": […]}`. What Livepeer Studio allows from any origin is allowed here too: uploads, playback and media.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Principal } from '../../core/identity.ts'
import { asTenant } from '../../core/identity.ts'
import { authenticate, FACE } from './auth.ts'
import { asLivepeerError, badRequest, LivepeerError, notFound } from './errors.ts'
import type { Answer, Call } from './operation.ts'
import { ROUTES, type Route } from './operations/table.ts'
import type { LivepeerParts } from './parts.ts'
import { mountMedia } from './playback/serve-media.ts'
import { mountUploads } from './upload/upload-routes.ts'

const NOBODY: Principal = { id: '', kind: 'user', tenant: asTenant(''), face: FACE, grants: [] }
/** Of JSON bodies, bytes: the limit of Studio's own parser. */
const BODY_LIMIT = 100 * 1024

export function mountRoutes(app: FastifyInstance, parts: LivepeerParts): void {
  app.setErrorHandler((error, request, reply) => fail(parts, error, request, reply))
  app.setNotFoundHandler((request, reply) => fail(parts, notFound(), request, reply))
  parseEmptyJson(app)
  for (const route of ROUTES) mountRoute(app, parts, route)
  mountUploads(app, parts)
  mountMedia(app, parts)
  app.options('/api/*', (request, reply) => openToAll(request, reply).code(204).send())
}

/** Clients send `content-type: application/json` with nothing behind it. */
function parseEmptyJson(app: FastifyInstance): void {
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, text, done) => {
    if (text === '') return done(null, undefined)
    try {
      done(null, JSON.parse(text as string))
    } catch (error) {
      done(badRequest(error instanceof Error ? error.message : 'malformed JSON'))
    }
  })
}

function mountRoute(
  app: FastifyInstance,
  parts: LivepeerParts,
  { method, path, operation, access = 'key', cors }: Route,
): void {
  app.route({
    method,
    url: `/api${path}`,
    bodyLimit: BODY_LIMIT,
    handler: async (request, reply) => {
      const principal = access === 'open' ? NOBODY : await admitted(parts, request)
      if (cors) openToAll(request, reply)
      return send(reply, await operation(callOf(parts, request, principal)))
    },
  })
}

async function admitted(parts: LivepeerParts, request: FastifyRequest): Promise<Principal> {
  const principal = await authenticate(parts.context.credentials, request.headers.authorization)
  if ((request.query as Readonly<Record<string, unknown>>).projectId !== undefined && request.method !== 'GET')
    throw badRequest('projectId as query param not supported')
  return principal
}

const callOf = (parts: LivepeerParts, request: FastifyRequest, principal: Principal): Call => ({
  parts,
  engine: parts.engine,
  principal,
  tenant: principal.tenant,
  params: request.params as Readonly<Record<string, string>>,
  query: lastOfEach(request.query as Readonly<Record<string, string | readonly string[]>>),
  body: request.body,
  request,
})

const lastOfEach = (query: Readonly<Record<string, string | readonly string[]>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(query).map(([name, value]) => [name, [value].flat().at(-1) ?? '']))

function send(reply: FastifyReply, { status, body, headers = {} }: Answer): FastifyReply {
  reply.code(status).headers(headers)
  if (body === undefined) return reply.send()
  return reply.type('application/json; charset=utf-8').send(JSON.stringify(body))
}

/** Any page may ask. */
export function openToAll(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { origin, 'access-control-request-headers': asked } = request.headers
  return reply.headers({
    'access-control-allow-origin': origin ?? '*',
    vary: 'origin',
    'access-control-expose-headers': '*',
    'access-control-allow-methods': 'GET, HEAD, PUT, POST, PATCH, DELETE, OPTIONS',
    'access-control-allow-headers': asked ?? '*',
  })
}

/** The caller's fault is information; ours is an error with its cause. */
function fail(parts: LivepeerParts, thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = asLivepeerError(thrown)
  const facts = { method: request.method, path: request.url.split('?')[0] }
  if (known) parts.context.log.info({ ...facts, errors: known.errors }, 'a Livepeer call was refused')
  else parts.context.log.error({ ...facts, err: thrown }, 'a Livepeer call failed')
  const name = thrown instanceof Error ? thrown.name : 'Error'
  const error = known ?? new LivepeerError(500, `Internal server error: ${name}`)
  if (error.status === 429) reply.header('retry-after', '60')
  return send(reply, { status: error.status, body: { errors: error.errors } })
}
