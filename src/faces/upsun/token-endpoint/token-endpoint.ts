/**
 * The token endpoint that code inside a task finds at 127.0.0.1:8200 (reference §2). Tasks share this machine's network,
 * so there is one listener, and the caller is known by its socket. It is opened when a task with `authorizations` is
 * first run, and closed with the server.
 *
 * T1. A token says no more than the task's authorizations, for its own environment, for at most 15 minutes.
 * T2. Whoever is not a running task gets nothing.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type Execution, isFinal } from '../../../core/execution.ts'
import { attemptKeyOf } from '../../../core/identity.ts'
import type { FaceContext } from '../../kit/face.ts'
import { recordOf } from '../activity/activity-record.ts'
import { type Authenticator, FACE } from '../auth.ts'
import { UpsunError } from '../errors.ts'
import { tenantsOf } from '../tenants.ts'
import { attemptOfPeer } from './peer-attempt.ts'

const TOKEN_PORT = 8200
/** Asked for by header or form; the vendor's default and limit, s. */
const DEFAULT_TTL_S = 60
const MAX_TTL_S = 900
const LONGEST_BODY_BYTES = 10_000

export class TokenEndpoint {
  readonly #context: FaceContext
  readonly #authenticator: Authenticator
  #server: Promise<Server> | undefined

  constructor(context: FaceContext, authenticator: Authenticator) {
    this.#context = context
    this.#authenticator = authenticator
  }

  /** Throws 503 when the port is another program's. */
  async open(): Promise<void> {
    this.#server ??= listening((request, response) => void this.#answer(request, response))
    try {
      await this.#server
    } catch (error) {
      this.#server = undefined
      const why =
        (error as NodeJS.ErrnoException).code === 'EADDRINUSE' ? 'is taken by another program' : 'cannot be opened'
      throw new UpsunError(503, `authorizations: 127.0.0.1:${TOKEN_PORT}, where a task gets its tokens, ${why}`)
    }
  }

  /** Tasks that a former server started go on asking. */
  async reopen(): Promise<void> {
    for (const tenant of await tenantsOf(this.#context)) {
      const filter = { active: true, refs: { 'upsun.authorized': 'yes' } }
      const { items } = await this.#context.engine.executions(tenant, filter, { limit: 1 })
      if (items.length > 0) await this.open()
    }
  }

  async close(): Promise<void> {
    const server = await this.#server?.catch(() => undefined)
    server?.close()
    server?.closeAllConnections()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const [status, body] = await this.#reply(request)
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    } catch (error) {
      this.#context.log.error({ err: error }, 'the token endpoint failed')
      response.writeHead(500, { 'content-type': 'application/json' }).end('{"error":"server_error"}')
    }
  }

  async #reply(request: IncomingMessage): Promise<readonly [number, object]> {
    if (request.url?.split('?')[0] !== '/oauth2/token') return [404, { error: 'not_found' }]
    if (request.method !== 'POST') return [405, { error: 'invalid_request' }]
    const form = new URLSearchParams(await bodyOf(request))
    if (form.get('grant_type') !== 'client_credentials')
      return [400, { error: 'unsupported_grant_type', error_description: 'grant_type must be client_credentials' }]
    const caller = await this.#callerOf(request)
    if (!caller) return [403, { error: 'access_denied', error_description: 'the caller is no running task' }]
    const record = recordOf(caller)
    if (record?.task === undefined || !record.authorizations?.length)
      return [403, { error: 'access_denied', error_description: 'the task has no authorizations' }]
    const seconds = ttlOf(request.headers['x-token-ttl'] ?? form.get('x-token-ttl') ?? undefined)
    const { project, environment, task, authorizations } = record
    const principal = { ...caller.submission.principal, id: `task/${task}`, kind: 'task', grants: [] } as const
    const scope = { project, environment, task, authorizations, execution: caller.id }
    const token = this.#authenticator.mint({ principal }, seconds * 1_000, scope)
    return [200, { access_token: token, expires_in: seconds, token_type: 'bearer' }]
  }

  async #callerOf(request: IncomingMessage): Promise<Execution | undefined> {
    const peer = request.socket.remotePort
    const attempt = peer === undefined ? undefined : await attemptOfPeer(peer, TOKEN_PORT)
    const key = attempt === undefined ? undefined : attemptKeyOf(attempt)
    if (!key) return undefined
    for (const tenant of await tenantsOf(this.#context)) {
      const found = await this.#context.engine.execution(tenant, key.execution).catch(() => undefined)
      if (found && !isFinal(found) && found.submission.face === FACE) return found
    }
    return undefined
  }
}

function listening(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<Server> {
  const server = createServer(handle)
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(TOKEN_PORT, '127.0.0.1', () => resolve(server))
  })
}

function ttlOf(asked: string | readonly string[] | undefined): number {
  const seconds = Number(asked)
  return Number.isInteger(seconds) && seconds > 0 ? Math.min(seconds, MAX_TTL_S) : DEFAULT_TTL_S
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const piece of request) {
    text += (piece as Buffer).toString('utf8')
    if (text.length > LONGEST_BODY_BYTES) return ''
  }
  return text
}
