/** `/oauth2/token` and `/oauth2/revoke`, in the three shapes that clients send them (reference §2). */
import type { Principal } from '../../../core/identity.ts'
import { ACCESS_TOKEN_MS, type Authenticator } from '../auth.ts'
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
  const principal = await grantedTo(authenticator, form)
  return {
    access_token: authenticator.mint(principal),
    expires_in: ACCESS_TOKEN_MS / 1_000,
    token_type: 'bearer',
    refresh_token: authenticator.mintRefresh(principal),
    scope: '',
  }
}

async function grantedTo(authenticator: Authenticator, form: ReadonlyMap<string, string>): Promise<Principal> {
  const grant = form.get('grant_type')
  switch (grant) {
    case 'api_token': {
      const principal = await authenticator.principalOf(form.get('api_token') ?? '')
      if (!principal) throw new OAuthError('invalid_grant', 'The API token is invalid: it is unknown or was revoked.')
      return principal
    }
    case 'refresh_token': {
      const principal = refreshed(authenticator, form.get('refresh_token') ?? '')
      if (!principal) throw new OAuthError('invalid_grant', 'The refresh token is unknown or has expired.')
      return principal
    }
    case undefined:
      throw new OAuthError('invalid_request', 'grant_type is missing.')
    default:
      throw new OAuthError('unsupported_grant_type', `grant_type ${grant.slice(0, 60)} is not supported here.`)
  }
}

function refreshed(authenticator: Authenticator, token: string): Principal | undefined {
  try {
    return authenticator.refreshed(token)
  } catch {
    return undefined
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
