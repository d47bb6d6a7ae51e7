/** UAA: `/oauth/token`, `/token_keys`, `/Users`. Errors are OAuth's, not Cloud Controller's. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isEngineError } from '../../../core/engine-error.ts'
import type { Principal } from '../../../core/identity.ts'
import { asTenant } from '../../../core/identity.ts'
import type { FaceContext } from '../../kit/face.ts'
import { verifyJwt } from '../../kit/json-web-token.ts'
import { type Authenticator, FACE, scopesOf } from '../auth.ts'
import { COLLECTIONS, type User } from '../documents.ts'
import { ensureFoundation } from '../foundation.ts'
import { Records } from '../records.ts'
import { type TokenOwner, tokenReply } from './tokens.ts'

class UaaError extends Error {
  readonly status: number
  readonly error: string
  constructor(status: number, error: string, description: string) {
    super(description)
    this.status = status
    this.error = error
  }
}

const badCredentials = (): UaaError => new UaaError(401, 'unauthorized', 'Bad credentials')
const badClient = (): UaaError => new UaaError(401, 'unauthorized', 'Bad credentials')
const unknownClient = (): UaaError => new UaaError(401, 'invalid_client', 'Bad credentials')
const badRefresh = (): UaaError =>
  new UaaError(401, 'invalid_token', 'The token expired, was revoked, or the token ID is incorrect.')

export class UaaRoutes {
  readonly #context: FaceContext
  readonly #authenticator: Authenticator

  constructor(context: FaceContext, authenticator: Authenticator) {
    this.#context = context
    this.#authenticator = authenticator
  }

  mount(app: FastifyInstance): void {
    app.post('/oauth/token', (request, reply) => this.#answer(reply, () => this.#token(request)))
    app.get('/token_keys', (_request, reply) => this.#answer(reply, () => this.#keys()))
    app.post('/Users', (request, reply) => this.#answer(reply, () => this.#createUser(request), 201))
    app.get('/Users', (request, reply) => this.#answer(reply, () => this.#listUsers(request)))
    app.get('/oauth/clients/:id', (request, reply) => this.#answer(reply, () => this.#client(request)))
    app.delete('/Users/:guid', (request, reply) => this.#answer(reply, () => this.#deleteUser(request)))
  }

  async #answer(reply: FastifyReply, work: () => Promise<object>, status = 200): Promise<FastifyReply> {
    try {
      return reply
        .code(status)
        .header('cache-control', 'no-store')
        .send(await work())
    } catch (error) {
      if (!(error instanceof UaaError)) throw error
      return reply.code(error.status).send({ error: error.error, error_description: error.message })
    }
  }

  async #token(request: FastifyRequest): Promise<object> {
    const form = new URLSearchParams(request.body instanceof Buffer ? request.body.toString('utf8') : '')
    const query = new URL(request.raw.url ?? '/', 'http://x').searchParams
    const field = (name: string): string => form.get(name) ?? query.get(name) ?? ''
    const grant = field('grant_type')
    const owner = await this.#ownerOf(grant, field, request)
    await ensureFoundation(new Records(this.#context.engine, asTenant(owner.tenant)), owner)
    return tokenReply(
      await this.#authenticator.key(),
      owner,
      grant,
      this.#context.publicUrl(),
      this.#context.engine.now(),
    )
  }

  async #ownerOf(grant: string, field: (name: string) => string, request: FastifyRequest): Promise<TokenOwner> {
    if (grant !== 'client_credentials') checkClient(clientOf(field, request))
    if (grant === 'password') return this.#byPassword(field('username'), field('password'))
    if (grant === 'refresh_token') return this.#byRefresh(field('refresh_token'))
    if (grant === 'client_credentials') return this.#byClient(field, request)
    throw new UaaError(400, 'unsupported_grant_type', `Unsupported grant type: ${grant}`)
  }

  async #byPassword(name: string, password: string): Promise<TokenOwner> {
    if (name === '' || password === '') throw badCredentials()
    const principal = await this.#context.credentials.verifyPassword(FACE, name, password)
    if (!principal) throw badCredentials()
    return ownerOf(principal, name)
  }

  /** Another token for the same user, if it is still there. */
  async #byRefresh(token: string): Promise<TokenOwner> {
    const claims = verifyJwt(await this.#authenticator.key(), token, this.#context.engine.now())
    if (claims?.use !== 'refresh') throw badRefresh()
    const [id, name, tenant] = [String(claims.user_id), String(claims.user_name), asTenant(String(claims.tenant))]
    const first = await this.#context.credentials.firstStart(FACE)
    const views = await this.#context.credentials.list({ face: FACE, tenant })
    const known = first.principal.id === id || views.some((view) => view.kind === 'password' && view.principal === id)
    if (!known) throw badRefresh()
    return { tenant, id, name, origin: 'uaa', isClient: false, scopes: (claims.scope as readonly string[]) ?? [] }
  }

  /** The secret of a client is its password or a token of this face. */
  async #byClient(field: (name: string) => string, request: FastifyRequest): Promise<TokenOwner> {
    const [id, secret] = clientOf(field, request) ?? ['', '']
    if (id === '' || secret === '') throw badClient()
    const { credentials } = this.#context
    const principal =
      (await credentials.verifyPassword(FACE, id, secret)) ?? (await credentials.verifyToken(FACE, secret))
    if (!principal) throw badClient()
    return { ...ownerOf(principal, id), isClient: true, id }
  }

  async #keys(): Promise<object> {
    const key = await this.#authenticator.key()
    return { keys: [{ ...key.publicJwk, value: key.publicPem }] }
  }

  async #createUser(request: FastifyRequest): Promise<object> {
    const caller = await this.#scimCaller(request, 'scim.write')
    const body = bodyOf(request)
    const name = body.userName
    const password = body.password
    if (typeof name !== 'string' || name === '')
      throw new UaaError(400, 'invalid_scim_resource', 'A username must be provided.')
    const records = new Records(this.#context.engine, caller.tenant)
    const { guid } = records.fresh()
    const origin = typeof body.origin === 'string' && body.origin !== '' ? body.origin : 'uaa'
    try {
      await this.#context.credentials.mint({
        face: FACE,
        tenant: caller.tenant,
        kind: 'password',
        principal: guid,
        name,
        ...(typeof password === 'string' && password !== '' && { secret: password }),
        grants: ['user'],
      })
    } catch (error) {
      if (isEngineError(error, 'conflict'))
        throw new UaaError(409, 'scim_resource_already_exists', `Username already in use: ${name}`)
      throw error
    }
    return scimUser(guid, name, origin)
  }

  async #listUsers(request: FastifyRequest): Promise<object> {
    const caller = await this.#scimCaller(request, 'scim.read')
    const filter = new URL(request.raw.url ?? '/', 'http://x').searchParams.get('filter') ?? ''
    const wanted = /userName\s+eq\s+"([^"]*)"/i.exec(filter)?.[1]
    const views = await this.#context.credentials.list({ face: FACE, tenant: caller.tenant })
    const first = await this.#context.credentials.firstStart(FACE)
    const users = [
      ...(first.principal.tenant === caller.tenant ? [{ principal: first.principal.id, name: first.name }] : []),
      ...views.filter((v) => v.kind === 'password'),
    ]
    const found = users.filter((v) => wanted === undefined || v.name === wanted)
    const resources = found.map((v) => scimUser(v.principal, v.name, 'uaa'))
    return { resources, startIndex: 1, itemsPerPage: 100, totalResults: resources.length }
  }

  async #deleteUser(request: FastifyRequest): Promise<object> {
    const caller = await this.#scimCaller(request, 'scim.write')
    const { guid } = request.params as { readonly guid: string }
    const views = await this.#context.credentials.list({ face: FACE, tenant: caller.tenant })
    const found = views.find((v) => v.kind === 'password' && v.principal === guid)
    if (!found) throw new UaaError(404, 'scim_resource_not_found', `User ${guid} does not exist`)
    await this.#context.credentials.revoke(found.id)
    return scimUser(guid, found.name, 'uaa')
  }

  /** The CLI asks before it gives a client a role (`cf create-space` logged in as one). */
  async #client(request: FastifyRequest): Promise<object> {
    const caller = await this.#scimCaller(request, 'scim.read')
    const { id } = request.params as { readonly id: string }
    const user = await new Records(this.#context.engine, caller.tenant).find<User>(COLLECTIONS.user, id)
    if (!user?.isClient) throw new UaaError(404, 'not_found', `No client with requested id: ${id}`)
    return { client_id: id, name: id, authorized_grant_types: ['client_credentials'], scope: ['uaa.none'] }
  }

  async #scimCaller(request: FastifyRequest, scope: string): Promise<{ readonly tenant: Principal['tenant'] }> {
    const caller = await this.#authenticator.authenticate(request.headers.authorization).catch(() => undefined)
    if (!caller) throw new UaaError(401, 'unauthorized', 'Full authentication is required to access this resource')
    if (!caller.scopes.includes(scope))
      throw new UaaError(403, 'insufficient_scope', 'Insufficient scope for this resource')
    return caller
  }
}

const ownerOf = (principal: Principal, name: string): TokenOwner => ({
  tenant: principal.tenant,
  id: principal.id,
  name,
  origin: 'uaa',
  isClient: false,
  scopes: scopesOf(principal),
})

const scimUser = (id: string, userName: string, origin: string): object => ({
  id,
  userName,
  origin,
  active: true,
  verified: true,
  zoneId: 'uaa',
  name: { familyName: userName, givenName: userName },
  emails: [{ value: userName, primary: false }],
  schemas: ['urn:scim:schemas:core:1.0'],
})

type Client = readonly [id: string, secret: string]

/** In the form, or as HTTP Basic. */
const clientOf = (field: (name: string) => string, { headers }: FastifyRequest): Client | undefined =>
  field('client_id') === '' ? basicOf(headers.authorization) : [field('client_id'), field('client_secret')]

/** Users log in through the one client that there is, `cf` without a secret; one that says nothing is taken for it. */
function checkClient(client: Client | undefined): void {
  if (client && (client[0] !== 'cf' || client[1] !== '')) throw unknownClient()
}

function basicOf(header: string | undefined): Client | undefined {
  const encoded = /^basic\s+(\S+)$/i.exec(header ?? '')?.[1]
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const at = text.indexOf(':')
  return at === -1 ? undefined : [decoded(text.slice(0, at)), decoded(text.slice(at + 1))]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function bodyOf(request: FastifyRequest): Readonly<Record<string, unknown>> {
  try {
    const body: unknown = JSON.parse(request.body instanceof Buffer ? request.body.toString('utf8') : '')
    if (typeof body === 'object' && body !== null) return body as Readonly<Record<string, unknown>>
  } catch {
    // Answered below.
  }
  throw new UaaError(400, 'invalid_scim_resource', 'The request body is not a JSON object')
}
