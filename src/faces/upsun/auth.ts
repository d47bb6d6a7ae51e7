/**
 * Credentials → caller. An API token is a random token of this face's credentials; the token endpoint exchanges it for
 * an access token that proves itself (no store read per request) and lasts 15 minutes. Tokens minted inside a task carry
 * the one environment and the authorizations of that task.
 */
import type { FastifyRequest } from 'fastify'
import type { Principal, Tenant } from '../../core/identity.ts'
import type { FaceContext } from '../kit/face.ts'
import { SignedTokens } from '../kit/signed-token.ts'
import { unauthorized } from './errors.ts'

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
}

export class Authenticator {
  readonly #context: FaceContext
  readonly #access: SignedTokens<AccessClaims>
  readonly #refresh: SignedTokens<Principal>

  constructor(context: FaceContext) {
    this.#context = context
    const key = context.deriveKey('upsun/access-token')
    this.#access = new SignedTokens(key, 'upsun access')
    this.#refresh = new SignedTokens(key, 'upsun refresh')
  }

  /** The API token's principal; undefined when it is unknown or revoked. */
  principalOf(apiToken: string): Promise<Principal | undefined> {
    return this.#context.credentials.verifyToken(FACE, apiToken)
  }

  mint(principal: Principal, lifeMs: number = ACCESS_TOKEN_MS, scope?: TaskScope): string {
    return this.#access.mint({ principal, ...(scope && { scope }) }, this.#context.engine.now() + lifeMs)
  }

  mintRefresh(principal: Principal): string {
    return this.#refresh.mint(principal, this.#context.engine.now() + 30 * 86_400_000)
  }

  refreshed(token: string): Principal | undefined {
    return this.#refresh.claims(token, this.#context.engine.now())
  }

  /** Throws 401. An API token itself is taken as well, for scripts that do not exchange it. */
  async authenticate(request: Pick<FastifyRequest, 'headers'>): Promise<Caller> {
    const token = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1]
    if (token === undefined) return this.#nobody('no bearer token was sent')
    const claims = this.#claimsOf(token)
    if (claims) {
      const { principal, scope } = claims
      return { principal, tenant: principal.tenant, ...(scope && { scope }) }
    }
    const principal = await this.principalOf(token)
    if (!principal) throw unauthorized('the access token is unknown or has expired')
    return { principal, tenant: principal.tenant }
  }

  #claimsOf(token: string): AccessClaims | undefined {
    try {
      return this.#access.claims(token, this.#context.engine.now())
    } catch {
      return undefined
    }
  }

  async #nobody(why: string): Promise<Caller> {
    if (this.#context.auth !== 'dev') throw unauthorized(why)
    const { principal } = await this.#context.credentials.firstStart(FACE)
    return { principal, tenant: principal.tenant }
  }
}
