import type { Principal } from '../../core/identity.ts'
import type { Credentials } from '../kit/credentials.ts'
import { LivepeerError } from './errors.ts'

export const FACE = 'livepeer'

/**
 * `Authorization: Bearer <key>` or `Basic <user>:<key>` → who asks. The scheme's case and extra blanks do not matter.
 * Texts: studio `middleware/auth.ts`, 670a0a6 (2025-09-08).
 */
export async function authenticate(credentials: Credentials, header: string | undefined): Promise<Principal> {
  const [scheme = '', ...rest] = (header ?? '').trim().split(/\s+/)
  if (scheme === '') throw new LivepeerError(401, 'request is not authenticated')
  const given = rest.join(' ')
  const key = keyOf(scheme, given)
  if (key === undefined) throw new LivepeerError(401, `unsupported authorization header scheme: ${scheme}`)
  const principal = await credentials.verifyToken(FACE, key)
  if (!principal) throw new LivepeerError(401, `no token ${key} found`)
  return principal
}

function keyOf(scheme: string, given: string): string | undefined {
  if (/^bearer$/i.test(scheme)) return given
  if (!/^basic$/i.test(scheme)) return undefined
  const text = Buffer.from(given, 'base64').toString('utf8')
  return text.slice(text.indexOf(':') + 1)
}

/** An operator's key opens what Studio keeps for its administrators. */
export const isAdmin = (principal: Principal): boolean => principal.grants.includes('operator')
