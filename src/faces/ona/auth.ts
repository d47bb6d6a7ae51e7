/**
 * Bearer tokens → who calls. An API key is a credential of this face; what an environment is given and what a client asks
 * for to read logs are signed tokens, which name one environment of one tenant.
 */
import { createHash } from 'node:crypto'
import { asTenant, type Principal } from '../../core/identity.ts'
import type { FaceContext } from '../kit/face.ts'
import { SignedTokens } from '../kit/signed-token.ts'
import { permissionDenied, unauthenticated } from './errors.ts'

export const FACE = 'ona'

/** As the vendor's: an hour (ona.md 5). */
const TOKEN_LIFE_MS = 3_600_000

interface EnvironmentClaims {
  readonly tenant: string
  readonly environment: string
}

export interface Caller {
  readonly principal: Principal
  /** Where the token speaks for one environment only. */
  readonly environment?: string
}

export class Authenticator {
  readonly #context: Pick<FaceContext, 'credentials' | 'engine'>
  readonly #logs: SignedTokens<EnvironmentClaims>
  readonly #access: SignedTokens<EnvironmentClaims>

  constructor(context: Pick<FaceContext, 'credentials' | 'engine' | 'deriveKey'>) {
    this.#context = context
    const key = context.deriveKey('ona/token')
    this.#logs = new SignedTokens(key, 'logs')
    this.#access = new SignedTokens(key, 'access')
  }

  /** Throws `unauthenticated`. */
  async caller(authorization: string | undefined): Promise<Caller> {
    const token = bearerOf(authorization)
    const claims = this.#access.claims(token, this.#context.engine.now())
    if (claims) return environmentCaller(claims)
    const principal = await this.#context.credentials.verifyToken(FACE, token)
    if (!principal) throw unauthenticated('invalid token')
    return { principal }
  }

  /** Who may read logs: an API key, an environment's own token, or one made for logs. */
  async logReader(authorization: string | undefined): Promise<Caller> {
    const claims = this.#logs.claims(bearerOf(authorization), this.#context.engine.now())
    return claims ? environmentCaller(claims) : this.caller(authorization)
  }

  logsToken(tenant: string, environment: string): string {
    return this.#logs.mint({ tenant, environment }, this.#context.engine.now() + TOKEN_LIFE_MS)
  }

  accessToken(tenant: string, environment: string): string {
    return this.#access.mint({ tenant, environment }, this.#context.engine.now() + TOKEN_LIFE_MS)
  }
}

function bearerOf(authorization: string | undefined): string {
  const token = /^bearer\s+(\S+)\s*$/i.exec(authorization ?? '')?.[1]
  if (token === undefined) throw unauthenticated('no bearer token')
  return token
}

const environmentCaller = ({ tenant, environment }: EnvironmentClaims): Caller => ({
  principal: { id: environment, kind: 'task', tenant: asTenant(tenant), face: FACE, grants: ['ona:*'] },
  environment,
})

/** Grants are `operator`, `*`, `ona:*`, `ona:read` or `ona:<Method>`; none at all means nothing. Throws `permission_denied`. */
export function checkGrant({ principal: { grants, id } }: Caller, method: string, reads: boolean): void {
  const enough = ['operator', '*', 'ona:*', `ona:${method}`, ...(reads ? ['ona:read'] : [])]
  if (!grants.some((grant) => enough.includes(grant))) throw permissionDenied(`${id} may not call ${method}`)
}

/** The vendor names everybody by UUID: one that is always the same for the same name. */
export function uuidOf(kind: string, name: string): string {
  if (UUID.test(name)) return name
  const hex = createHash('sha256').update(`${kind}\n${name}`).digest('hex')
  const variant = ((Number.parseInt(hex[16]!, 16) & 3) | 8).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
