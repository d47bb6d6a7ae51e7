/**
 * Requests → operations. All but media is JSON below `/api`; every refusal, the framework's included, is
 * `{"errors": […]}`. What Livepeer Studio allows from any origin is allowed here too: uploads, playback and media.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Principal } from '../../core/identity.ts'
import { asTenant } from '../../core/identity.ts'
import { allowCors } from '../kit/cors.ts'
import { type ApiKeyAccess, allowsOrigin, checkAccess } from './access/api-key-access.ts'
import { authenticate, FACE } from './auth.ts'
import { asLivepeerError, badRequest, forbidden, LivepeerError, notFound } from './errors.ts'
import type { Answer, Call } from './operation.ts'
import { ROUTES, type Route } from './operations/table.ts'
import type { LivepeerParts } from './parts.ts'
import { mountMedia } from './playback/serve-media.ts'
import { mountUploads } from './upload/upload-routes.ts'

const NOBODY: Principal = { id: '', kind: 'user', tenant: asTenant(''), face: FACE, grants: [] }
/** Of JSON bodies, bytes: the limit of Studio's own parser. */
const BODY_LIMIT = 100 * 1024
/** Where pages of any origin are let in, as at Studio; elsewhere by what the key says. */
const OPEN_TO_PAGES = ['/api/asset/upload/direct', '/api/asset/upload/tus', '/api/playback/', '/media/']

export function mountRoutes(app: FastifyInstance, parts: LivepeerParts): void {
  app.setErrorHandler((error, request, reply) => fail(parts, error, request, reply))
  app.setNotFoundHandler((request, reply) => fail(parts, notFound(), request, reply))
  parseEmptyJson(app)
  allowCors(app, { prefixes: OPEN_TO_PAGES, exposed: ['*'] })
  for (const route of ROUTES) mountRoute(app, parts, route)
  mountUploads(app, parts)
  mountMedia(app, parts)
  // Browsers ask without the key; whether its pages are let in is seen when they come with it.
  app.options('/api/*', (_request, reply) => reply.code(204).send())
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
  { method, path, operation, access = 'key' }: Route,
): void {
  app.route({
    method,
    url: `/api${path}`,
    bodyLimit: BODY_LIMIT,
    handler: async (request, reply) => {
      const principal = access === 'open' ? NOBODY : await admitted(parts, request, reply)
      return send(reply, await operation(callOf(parts, request, principal)))
    },
  })
}

async function admitted(parts: LivepeerParts, request: FastifyRequest, reply: FastifyReply): Promise<Principal> {
  const { principal, access } = await authenticate(parts.context.credentials, request.headers.authorization)
  admitPage(parts, access, request, reply)
  if ((request.query as Readonly<Record<string, unknown>>).projectId !== undefined)
    throw badRequest('projectId as query param not supported')
  checkAccess(access, request.method, pathOf(request).slice('/api'.length))
  return principal
}

const pathOf = ({ url }: FastifyRequest): string => url.split('?')[0] ?? ''

/** A key works from pages only where it says so: whoever sees the page sees the key. */
function admitPage(parts: LivepeerParts, access: ApiKeyAccess, request: FastifyRequest, reply: FastifyReply): void {
  const { origin } = request.headers
  if (origin === undefined || origin === parts.context.links(request)) return
  if (!allowsOrigin(access, origin)) throw forbidden(`credential disallows CORS access from origin ${origin}`)
  reply.headers({ 'access-control-allow-origin': origin, vary: 'Origin', 'access-control-expose-headers': '*' })
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

/** The caller's fault is information; ours is an error with its cause. */
function fail(parts: LivepeerParts, thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = asLivepeerError(thrown)
  const facts = { method: request.method, path: pathOf(request) }
  if (known) parts.context.log.info({ ...facts, errors: known.errors }, 'a Livepeer call was refused')
  else parts.context.log.error({ ...facts, err: thrown }, 'a Livepeer call failed')
  const name = thrown instanceof Error ? thrown.name : 'Error'
  const error = known ?? new LivepeerError(500, `Internal server error: ${name}`)
  if (error.status === 429) reply.header('retry-after', '60')
  return send(reply, { status: error.status, body: { errors: error.errors } })
}
