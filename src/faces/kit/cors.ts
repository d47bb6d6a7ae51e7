/**
 * Cross-origin requests of browsers (the Fetch standard's CORS protocol), for the faces whose vendors allow them. Only
 * for APIs with bearer tokens: nothing here ever allows credentials that a browser sends by itself. A face must claim
 * `OPTIONS` on the same paths (claims without a method do).
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

export interface CorsOptions {
  /** Paths begin with one of these; absent: all of the face. */
  readonly prefixes?: readonly string[]
  /** Default: every origin. */
  readonly origins?: readonly string[]
  readonly methods?: readonly string[]
  /** Request headers; default: whatever is asked for. */
  readonly headers?: readonly string[]
  /** Answer headers that scripts may read. */
  readonly exposed?: readonly string[]
  /** How long a browser remembers, s. Default one day. */
  readonly maxAgeS?: number
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']

/** Call it before routes are added. Preflights are answered 204 here, all else goes on with the headers set. */
export function allowCors(app: FastifyInstance, options: CorsOptions = {}): void {
  app.addHook('onRequest', async (request, reply) => {
    const { origin } = request.headers
    if (origin === undefined || !covers(options, request)) return
    reply.header('vary', 'Origin')
    if (options.origins && !options.origins.includes(origin)) return
    reply.header('access-control-allow-origin', options.origins ? origin : '*')
    if (isPreflight(request)) return preflight(request, reply, options)
    if (options.exposed) reply.header('access-control-expose-headers', options.exposed.join(', '))
  })
}

const covers = ({ prefixes }: CorsOptions, { url }: FastifyRequest): boolean =>
  prefixes === undefined || prefixes.some((prefix) => url.startsWith(prefix))

const isPreflight = ({ method, headers }: FastifyRequest): boolean =>
  method === 'OPTIONS' && headers['access-control-request-method'] !== undefined

function preflight(request: FastifyRequest, reply: FastifyReply, options: CorsOptions): FastifyReply {
  const { methods = METHODS, headers, maxAgeS = 86_400 } = options
  const asked = request.headers['access-control-request-headers']
  const allowed = headers?.join(', ') ?? asked
  if (allowed !== undefined) reply.header('access-control-allow-headers', allowed)
  reply.header('access-control-allow-methods', methods.join(', '))
  reply.header('access-control-max-age', String(maxAgeS))
  return reply.code(204).send()
}
