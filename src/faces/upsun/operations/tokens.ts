/** `/oauth2/token` and `/oauth2/revoke`, in the three shapes that clients send them (reference §2). */
import { ACCESS_TOKEN_MS, type Authenticator, type Identified } from '../auth.ts'
import { OAuthError } from '../errors.ts'

export interface TokenReply {
  readonly access_token: string
  readonly expires_in: number
  readonly token_type: 'bearer'
  readonly refresh_token: string
  readonly scope: string
}

/** Who the client says it is does not matter: a public client's id proves nothing. */
export async function exchangeToken(authenticator: Authenticator, body: Buffer): Promise<TokenReply> {
  const form = formOf(body)
  const who = await grantedTo(authenticator, form)
  return {
    access_token: authenticator.mint(who),
    expires_in: ACCESS_TOKEN_MS / 1_000,
    token_type: 'bearer',
    refresh_token: authenticator.mintRefresh(who),
    scope: '',
  }
}

/** RFC 7009: the token need not be known, and what kind it is the server finds out itself. */
export async function revokeToken(authenticator: Authenticator, body: Buffer): Promise<object> {
  await authenticator.revoke(formOf(body).get('token') ?? '')
  return {}
}

async function grantedTo(authenticator: Authenticator, form: ReadonlyMap<string, string>): Promise<Identified> {
  const grant = form.get('grant_type')
  switch (grant) {
    case 'api_token': {
      const who = await authenticator.identify(form.get('api_token') ?? '')
      if (!who) throw new OAuthError('invalid_grant', 'The API token is invalid: it is unknown or was revoked.')
      return who
    }
    case 'refresh_token': {
      const who = await authenticator.refreshed(form.get('refresh_token') ?? '')
      if (!who) throw new OAuthError('invalid_grant', 'The refresh token is unknown, has expired or was revoked.')
      return who
    }
    case undefined:
      throw new OAuthError('invalid_request', 'grant_type is missing.')
    default:
      throw new OAuthError('unsupported_grant_type', `grant_type ${grant.slice(0, 60)} is not supported here.`)
  }
}

/** A form, or the same as JSON. */
export function formOf(body: Buffer): ReadonlyMap<string, string> {
  const text = body.toString('utf8').trim()
  if (!text.startsWith('{')) return new Map(new URLSearchParams(text))
  try {
    const value = JSON.parse(text) as Record<string, unknown>
    return new Map(Object.entries(value).flatMap(([k, v]) => (typeof v === 'string' ? [[k, v] as const] : [])))
  } catch {
    throw new OAuthError('invalid_request', 'The body is neither a form nor JSON.')
  }
}
