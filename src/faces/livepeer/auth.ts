import type { Principal } from '../../core/identity.ts'
import type { Credentials } from '../kit/credentials.ts'
import type { ApiKeyAccess } from './access/api-key-access.ts'
import { LivepeerError } from './errors.ts'

export const FACE = 'livepeer'

/** Who asks, and what the key may be used for. */
export interface Admitted {
  readonly principal: Principal
  readonly access: ApiKeyAccess
}

/**
 * `Authorization: Bearer <key>` or `Basic <user>:<key>` → who asks. The scheme's case and extra blanks do not matter.
 * Texts: studio `middleware/auth.ts`, 670a0a6 (2025-09-08).
 */
export async function authenticate(credentials: Credentials, header: string | undefined): Promise<Admitted> {
  const [scheme = '', ...rest] = (header ?? '').trim().split(/\s+/)
  if (scheme === '') throw new LivepeerError(401, 'request is not authenticated')
  const given = rest.join(' ')
  const key = keyOf(scheme, given)
  if (key === undefined) throw new LivepeerError(401, `unsupported authorization header scheme: ${scheme}`)
  const found = await credentials.verifiedToken(FACE, key)
  if (!found) throw new LivepeerError(401, `no token ${key} found`)
  const { scope } = found.credential ?? {}
  return { principal: found.principal, access: scope?.startsWith('{') ? (JSON.parse(scope) as ApiKeyAccess) : {} }
}

function keyOf(scheme: string, given: string): string | undefined {
  if (/^bearer$/i.test(scheme)) return given
  if (!/^basic$/i.test(scheme)) return undefined
  const text = Buffer.from(given, 'base64').toString('utf8')
  return text.slice(text.indexOf(':') + 1)
}

/** An operator's key opens what Studio keeps for its administrators. */
export const isAdmin = (principal: Principal): boolean => principal.grants.includes('operator')
