/**
 * Credentials → caller. Access tokens are JSON Web Tokens that this server's own UAA signed (uaa/tokens.ts); a random
 * token of this face (`taskport token create --face cloudfoundry`) is taken as a bearer token too.
 */
import { asTenant, type Principal, type Tenant } from '../../core/identity.ts'
import type { Instant } from '../../core/instant.ts'
import type { FaceContext } from '../kit/face.ts'
import { type RsaJwtKey, verifyJwt } from '../kit/json-web-token.ts'
import { SigningKey } from '../kit/signing-key.ts'
import { invalidToken, notAuthenticated } from './errors.ts'

export const FACE = 'cloudfoundry'

export interface Caller {
  readonly principal: Principal
  readonly tenant: Tenant
  /** User's guid, or the client's id. */
  readonly id: string
  readonly name: string
  readonly isClient: boolean
  readonly scopes: readonly string[]
}

const USER_SCOPES = ['openid', 'cloud_controller.read', 'cloud_controller.write', 'password.write', 'uaa.user']
const ADMIN_SCOPES = [...USER_SCOPES, 'cloud_controller.admin', 'scim.read', 'scim.write']
const SCOPE_BY_GRANT: Readonly<Record<string, readonly string[]>> = {
  '*': ADMIN_SCOPES,
  operator: ADMIN_SCOPES,
  admin: ADMIN_SCOPES,
  admin_read_only: ['openid', 'cloud_controller.admin_read_only', 'cloud_controller.read'],
  global_auditor: ['openid', 'cloud_controller.global_auditor', 'cloud_controller.read'],
  user: USER_SCOPES,
}

/** Grants are `admin`, `admin_read_only`, `global_auditor`, `user` or UAA's own scopes; none means nothing. */
export const scopesOf = (principal: Principal): readonly string[] => [
  ...new Set(principal.grants.flatMap((grant) => SCOPE_BY_GRANT[grant] ?? [grant])),
]

const MOST_REMEMBERED = 1_000

export class Authenticator {
  readonly #context: FaceContext
  readonly #key: SigningKey
  /** Callers of tokens whose signature was verified here: checking it again costs more than most answers. */
  readonly #verified = new Map<string, { readonly caller: Caller; readonly until: Instant }>()

  constructor(context: FaceContext) {
    this.#context = context
    this.#key = new SigningKey(context.credentials, FACE)
  }

  key(): Promise<RsaJwtKey> {
    return this.#key.current()
  }

  /** Throws CF-NotAuthenticated without a token, CF-InvalidAuthToken for one that does not hold. */
  async authenticate(header: string | undefined): Promise<Caller> {
    const token = /^bearer\s+(\S+)$/i.exec(header ?? '')?.[1]
    if (token === undefined) {
      if (header === undefined || header === '') throw notAuthenticated()
      throw invalidToken()
    }
    const caller = await this.#callerOfToken(token)
    if (caller) return caller
    const principal = await this.#context.credentials.verifyToken(FACE, token)
    if (!principal) throw invalidToken()
    return {
      principal,
      tenant: principal.tenant,
      id: principal.id,
      name: principal.id,
      isClient: principal.kind === 'service',
      scopes: scopesOf(principal),
    }
  }

  async #callerOfToken(token: string): Promise<Caller | undefined> {
    const now = this.#context.engine.now()
    const known = this.#verified.get(token)
    if (known && now < known.until) return known.caller
    this.#verified.delete(token)
    const claims = verifyJwt(await this.key(), token, now)
    if (!claims) return undefined
    const caller = callerOf(claims)
    this.#verified.set(token, { caller, until: Number(claims.exp) * 1_000 })
    if (this.#verified.size > MOST_REMEMBERED) this.#verified.delete(this.#verified.keys().next().value as string)
    return caller
  }
}

function callerOf(claims: Readonly<Record<string, unknown>>): Caller {
  if (claims.use !== 'access') throw invalidToken()
  const tenant = asTenant(String(claims.tenant))
  const id = String(claims.user_id ?? claims.client_id)
  const scopes = (claims.scope as readonly string[]) ?? []
  const isClient = claims.user_id === undefined
  const principal: Principal = { id, kind: isClient ? 'service' : 'user', tenant, face: FACE, grants: scopes }
  return { principal, tenant, id, name: String(claims.user_name ?? id), isClient, scopes }
}
