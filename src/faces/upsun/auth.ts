/**
 * Credentials → caller. An API token is a random token of this face's credentials; the token endpoint exchanges it for
 * an access token that proves itself (no store read per request) and lasts 15 minutes, unless it or the API token is
 * revoked before (revoked-tokens.ts). Tokens minted inside a task carry the one environment and the authorizations of
 * that task.
 */
import type { FastifyRequest } from 'fastify'
import { isFinal } from '../../core/execution.ts'
import type { ExecutionId, Principal, Tenant } from '../../core/identity.ts'
import type { Instant } from '../../core/instant.ts'
import type { FaceContext } from '../kit/face.ts'
import { SignedTokens } from '../kit/signed-token.ts'
import { unauthorized } from './errors.ts'
import { RevokedTokens } from './revoked-tokens.ts'

export const FACE = 'upsun'
/** What Upsun's own endpoint says (reference §2). */
export const ACCESS_TOKEN_MS = 900_000

/** One entry of a task's `authorizations`. */
export interface Authorization {
  readonly type: 'env' | 'task'
  readonly action: string
  readonly resource: string | null
}

/** What a token that was minted inside a task may reach: that environment alone, and there what the list says. */
export interface TaskScope {
  readonly project: string
  readonly environment: string
  readonly task: string
  readonly authorizations: readonly Authorization[]
  /** The run that it was minted in, and ends with. */
  readonly execution: ExecutionId
}

export interface Caller {
  readonly principal: Principal
  readonly tenant: Tenant
  /** Absent: a user, who may do everything in the tenant. */
  readonly scope?: TaskScope
}

interface AccessClaims {
  readonly principal: Principal
  readonly scope?: TaskScope
  /** Id of the API token that it was exchanged for; absent for that of the first start. */
  readonly credential?: string
}

type RefreshClaims = Pick<AccessClaims, 'principal' | 'credential'>

/** Who an API token stands for, and which one it is. */
export type Identified = RefreshClaims

const REFRESH_TOKEN_MS = 30 * 86_400_000

export class Authenticator {
  readonly #context: FaceContext
  readonly #access: SignedTokens<AccessClaims>
  readonly #refresh: SignedTokens<RefreshClaims>
  readonly #revoked: RevokedTokens

  constructor(context: FaceContext) {
    this.#context = context
    const key = context.deriveKey('upsun/access-token')
    this.#access = new SignedTokens(key, 'upsun access')
    this.#refresh = new SignedTokens(key, 'upsun refresh')
    this.#revoked = new RevokedTokens(context, FACE)
  }

  /** Undefined when the API token is unknown or was revoked. */
  async identify(apiToken: string): Promise<Identified | undefined> {
    const found = await this.#context.credentials.verifiedToken(FACE, apiToken)
    if (!found) return undefined
    const { principal, credential } = found
    if (credential) await this.#revoked.welcome(principal.tenant, credential.id)
    return { principal, ...(credential && { credential: credential.id }) }
  }

  mint(who: Identified, lifeMs: number = ACCESS_TOKEN_MS, scope?: TaskScope): string {
    return this.#access.mint({ ...who, ...(scope && { scope }) }, this.#context.engine.now() + lifeMs)
  }

  mintRefresh(who: Identified): string {
    return this.#refresh.mint(who, this.#context.engine.now() + REFRESH_TOKEN_MS)
  }

  async refreshed(token: string): Promise<Identified | undefined> {
    return this.#living(token, claimsOf(this.#refresh, token, this.#context.engine.now()))
  }

  /** A token that is none of ours, or has ended, is as good as revoked (RFC 7009, 2.2). */
  async revoke(token: string): Promise<void> {
    const now = this.#context.engine.now()
    const access = claimsOf(this.#access, token, now)
    const claims = access ?? claimsOf(this.#refresh, token, now)
    if (claims)
      await this.#revoked.revoke(claims.principal.tenant, token, now + (access ? ACCESS_TOKEN_MS : REFRESH_TOKEN_MS))
  }

  /** Throws 401. An API token itself is taken as well, for scripts that do not exchange it. */
  async authenticate(request: Pick<FastifyRequest, 'headers'>): Promise<Caller> {
    const token = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1]
    if (token === undefined) throw unauthorized('no bearer token was sent')
    const claims = await this.#living(token, claimsOf(this.#access, token, this.#context.engine.now()))
    if (claims) {
      const { principal, scope } = claims
      return { principal, tenant: principal.tenant, ...(scope && { scope }) }
    }
    const found = await this.identify(token)
    if (!found) throw unauthorized('the access token is unknown, has expired or was revoked')
    return { principal: found.principal, tenant: found.principal.tenant }
  }

  async #living<Claims extends AccessClaims>(token: string, claims: Claims | undefined): Promise<Claims | undefined> {
    if (!claims) return undefined
    const { tenant } = claims.principal
    const isGone = await this.#revoked.isRevoked(tenant, token, claims.credential)
    return isGone || (claims.scope && (await this.#hasEnded(tenant, claims.scope.execution))) ? undefined : claims
  }

  async #hasEnded(tenant: Tenant, run: ExecutionId): Promise<boolean> {
    const execution = await this.#context.engine.execution(tenant, run).catch(() => undefined)
    return execution === undefined || isFinal(execution)
  }
}

/** What was signed here may still be no JSON that we know: then it is no token. */
function claimsOf<Claims>(tokens: SignedTokens<Claims>, token: string, now: Instant): Claims | undefined {
  try {
    return tokens.claims(token, now)
  } catch {
    return undefined
  }
}
