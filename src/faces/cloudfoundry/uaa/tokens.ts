/**
 * UAA's tokens. Access tokens carry the claims that the cf CLI reads (a missing `origin` makes it crash) and live short;
 * refresh tokens are signed by the same key and say so in `use`. Clients get long-lived ones, because the CLI forgets
 * their secret.
 */
import { randomUUID } from 'node:crypto'
import type { Instant } from '../../../core/instant.ts'
import { type RsaJwtKey, signJwt } from '../../kit/json-web-token.ts'

export interface TokenOwner {
  readonly tenant: string
  readonly id: string
  readonly name: string
  readonly origin: string
  readonly isClient: boolean
  readonly scopes: readonly string[]
}

const ACCESS_S = 1_200
const CLIENT_ACCESS_S = 24 * 3_600
const REFRESH_S = 30 * 24 * 3_600

/** The reply of `POST /oauth/token`. */
export function tokenReply(key: RsaJwtKey, owner: TokenOwner, grantType: string, issuer: string, now: Instant): object {
  const seconds = Math.floor(now / 1_000)
  const lifeS = owner.isClient ? CLIENT_ACCESS_S : ACCESS_S
  const jti = randomUUID().replaceAll('-', '')
  const common = commonClaims(owner, grantType, issuer, seconds)
  const access = signJwt(key, { ...common, jti, use: 'access', exp: seconds + lifeS }, { jku: `${issuer}/token_keys` })
  const refresh = signJwt(key, { ...common, jti: `${jti}-r`, use: 'refresh', exp: seconds + REFRESH_S })
  return {
    access_token: access,
    token_type: 'bearer',
    ...(!owner.isClient && { refresh_token: refresh }),
    expires_in: lifeS - 1,
    scope: owner.scopes.join(' '),
    jti,
  }
}

function commonClaims(owner: TokenOwner, grantType: string, issuer: string, seconds: number): object {
  const client = owner.isClient ? owner.id : 'cf'
  return {
    sub: owner.id,
    ...(!owner.isClient && {
      user_id: owner.id,
      user_name: owner.name,
      email: owner.name,
      origin: owner.origin,
    }),
    scope: owner.scopes,
    client_id: client,
    cid: client,
    azp: client,
    grant_type: grantType,
    iat: seconds,
    iss: `${issuer}/oauth/token`,
    zid: 'uaa',
    aud: [...new Set([client, ...owner.scopes.map((scope) => scope.split('.')[0]!)])],
    tenant: owner.tenant,
  }
}
