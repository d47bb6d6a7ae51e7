/**
 * The origin: one HTTP server, one port, all faces. It owns the listening socket, the Fastify instance of each face,
 * request ids, body limits, limits by address and the graceful end. It knows no wire: whatever is answered — an unknown
 * path, bad JSON, too large a body, too many requests — is answered by the claimant's own instance, in its voice.
 *
 * O1. A request reaches exactly one face: the one with the most specific claim, else the fallback (the native face).
 * O2. Two equal claims fail `openOrigin`: a collision is found at start, never by a user.
 * O3. The way of a request costs a Map look-up by its first path segment and the few claims behind it.
 * O4. `close` loses no answer: requests under way are finished, streams are told to end, new ones are not accepted.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { fastify } from 'fastify'
import { ClaimIndex } from './claim-index.ts'
import type { ClaimedRequest, Face } from './face.ts'
import { endIdleSockets } from './idle-sockets.ts'
import { isLoopback } from './links.ts'
import { RateLimit } from './rate-limit.ts'
import { TooManyRequests } from './too-many-requests.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Aborts when the origin closes: streams end then. */
    readonly closing: AbortSignal
  }
}

export interface OriginOptions {
  readonly faces: readonly Face[]
  /** Name of the face that answers what nobody claims. */
  readonly fallback: string
  /** Bytes; a route may raise it. Default 1 MiB. */
  readonly bodyLimit?: number
  /** By remote address, loopback excepted. `false`: no limit. Default 500/s after a burst of 2,000. */
  readonly addressLimit?: { readonly perSecond: number; readonly burst: number } | false
  /** How long a client may be silent in the middle of a request, ms. Default 60,000. */
  readonly idleMs?: number
  /** How long `close` waits for requests under way, ms. Default 10,000. */
  readonly closeGraceMs?: number
  /** Faces are mounted while the engine still starts; what they begin by themselves, in `onReady`, waits for this. */
  readonly engineStarted?: Promise<void>
}

export interface Origin {
  /** Resolves to the bound address, `http://host:port`. Port 0: any free one. */
  listen(host: string, port: number): Promise<string>
  /** As bound; throws before `listen`. */
  address(): string
  /** Answers by face and status so far, for metrics. */
  answers(): ReadonlyMap<string, ReadonlyMap<number, number>>
  /** Answers a request that reached another door. `admitted`: claims outside of which nothing is answered (`false`). */
  handle(request: IncomingMessage, response: ServerResponse, admitted: ClaimIndex<true>): boolean
  /** The face's Fastify instance, for `inject` in tests. */
  app(face: string): FastifyInstance
  close(): Promise<void>
}

const HEADERS_TIMEOUT_MS = 30_000
const KEEP_ALIVE_MS = 72_000
const IDLE_MS = 60_000
const MIB = 1024 * 1024

/** Mounts every face. Rejects on colliding claims and on a face that cannot mount. */
export async function openOrigin(options: OriginOptions): Promise<Origin> {
  const closing = new AbortController()
  const answers = new Map<string, Map<number, number>>()
  const apps = new Map<string, FastifyInstance>()
  const index = new ClaimIndex(
    options.faces.flatMap((face) => face.claims.map((claim) => ({ claim, face: face.name, target: face.name }))),
  )
  for (const face of options.faces) apps.set(face.name, await mount(face, options, closing.signal, answers))
  await options.engineStarted
  for (const app of apps.values()) await app.ready()
  const fallback = apps.get(options.fallback)
  if (!fallback) throw new Error(`the fallback face ${options.fallback} is not among the faces`)
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const face = index.find(claimedRequest(request))
    const app = face === undefined ? fallback : (apps.get(face) ?? fallback)
    app.routing(request, response)
  }
  const server = createServer(answer)
  server.headersTimeout = HEADERS_TIMEOUT_MS
  server.keepAliveTimeout = KEEP_ALIVE_MS
  endIdleSockets(server, options.idleMs ?? IDLE_MS)
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('clientError', answerClientError)
  const address = () => addressOf(server.address())
  return {
    address,
    answers: () => answers,
    handle: (request, response, admitted) => {
      const isAdmitted = admitted.find(claimedRequest(request)) === true
      if (isAdmitted) answer(request, response)
      return isAdmitted
    },
    app: (face) => apps.get(face) ?? fallback,
    listen: async (host, port) => {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(port, host, () => {
          server.removeListener('error', reject)
          resolve()
        })
      })
      return address()
    },
    close: async () => {
      closing.abort()
      await closeServer(server, sockets, options.closeGraceMs ?? 10_000)
      for (const app of apps.values()) await app.close()
    },
  }
}

/** Bodies above this are cut off, bytes. */
const LONGEST_HEARING_BYTES = 128 * MIB

async function mount(
  face: Face,
  options: OriginOptions,
  closing: AbortSignal,
  answers: Map<string, Map<number, number>>,
): Promise<FastifyInstance> {
  const app: FastifyInstance = fastify({
    bodyLimit: options.bodyLimit ?? MIB,
    genReqId: requestIds(),
    forceCloseConnections: false,
    routerOptions: { maxParamLength: 1_024, caseSensitive: true, ignoreTrailingSlash: false },
    // Malformed paths never reach a route, but they too are answered by the face's own error handler.
    frameworkErrors: (error, request, reply) => app.errorHandler(error, request, reply),
    // Never listens: the origin's server calls `routing`.
    serverFactory: (handler) => createServer(handler),
  })
  app.decorate('closing', closing)
  limitByAddress(app, options.addressLimit)
  hearOut(app)
  countAnswers(app, face.name, answers)
  await face.mount(app)
  return app
}

/** Time-ordered enough for logs, unique over restarts; no randomness per request. */
function requestIds(): () => string {
  const run = Date.now().toString(36)
  let count = 0
  return () => `${run}-${(count++).toString(36)}`
}

function limitByAddress(app: FastifyInstance, limit: OriginOptions['addressLimit']): void {
  if (limit === false) return
  const buckets = new RateLimit(limit ?? { perSecond: 500, burst: 2_000 })
  app.addHook('onRequest', (request, _reply, done) => {
    const address = request.raw.socket.remoteAddress
    if (address === undefined || isLoopback(address)) return done()
    const waitMs = buckets.take(address)
    done(waitMs === 0 ? undefined : new TooManyRequests(waitMs))
  })
}

/** Who is refused while still sending a body reads the answer only after that: a closed connection would lose it. */
function hearOut(app: FastifyInstance): void {
  app.addHook('onError', (request, reply, error, done) => {
    if (error.statusCode === 413 && !(Number(request.headers['content-length']) > LONGEST_HEARING_BYTES)) {
      reply.removeHeader('connection')
      request.raw.resume()
    }
    done()
  })
}

function countAnswers(app: FastifyInstance, face: string, answers: Map<string, Map<number, number>>): void {
  const counts = new Map<number, number>()
  answers.set(face, counts)
  app.addHook('onResponse', (_request, reply, done) => {
    counts.set(reply.statusCode, (counts.get(reply.statusCode) ?? 0) + 1)
    done()
  })
}

function claimedRequest(request: IncomingMessage): ClaimedRequest {
  const url = request.url ?? '/'
  const at = url.indexOf('?')
  return {
    method: request.method ?? 'GET',
    path: at === -1 ? url : url.slice(0, at),
    query: at === -1 ? '' : url.slice(at + 1),
    headers: request.headers,
  }
}

/** No request was understood, so no face is known: HTTP's own words. */
function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const status =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? '408 Request Timeout'
        : '400 Bad Request'
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

/** Stops accepting; idle connections are closed as they become idle, busy ones after the grace. */
async function closeServer(
  server: ReturnType<typeof createServer>,
  sockets: ReadonlySet<Socket>,
  graceMs: number,
): Promise<void> {
  if (!server.listening) return
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  const sweep = setInterval(() => {
    server.closeIdleConnections()
    // Node counts a connection as busy until its first request; browsers and fetch open some that never carry one.
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
  }, 20)
  const force = setTimeout(() => server.closeAllConnections(), graceMs)
  await closed
  clearInterval(sweep)
  clearTimeout(force)
}

function addressOf(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') throw new Error('the origin does not listen')
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return `http://${host}:${address.port}`
}
