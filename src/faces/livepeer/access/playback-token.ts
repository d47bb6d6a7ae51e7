import type { Instant } from '../../../core/instant.ts'
import { es256Verifier, verifyJwt } from '../../kit/json-web-token.ts'
import type { SigningKeyRecord } from './signing-key-record.ts'

const LONGEST_MS = 7 * 24 * 3_600_000

/**
 * Why a playback token does not open what is played under `playbackId`; undefined when it does. Claims and texts:
 * catalyst-api `handlers/accesscontrol`, studio `controllers/access-control.ts` (2025).
 */
export function tokenProblem(
  token: string,
  playbackId: string,
  keys: readonly SigningKeyRecord[],
  now: Instant,
): string | undefined {
  const pub = namedKey(token)
  if (pub === undefined) return 'Content is gated and requires a public key'
  const key = keys.find(({ publicKey }) => publicKey === pub)
  if (!key) return 'Content is gated and corresponding public key not found'
  if (key.disabled) return 'The public key is disabled or deleted'
  const pem = Buffer.from(key.publicKey, 'base64').toString('utf8')
  const claims = verifyJwt(es256Verifier(pem), token, now)
  if (!claims) return 'the token is expired or was not signed with its key'
  if (claims.sub !== playbackId) return 'the token is for another playback id'
  if (typeof claims.exp !== 'number') return 'missing exp claim'
  return claims.exp * 1_000 - now > LONGEST_MS ? 'exp claim too far in the future' : undefined
}

/** The public key that a token claims to be signed with; it is only a name until the signature was checked. */
function namedKey(token: string): string | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
    const { pub } = (claims ?? {}) as { readonly pub?: unknown }
    return typeof pub === 'string' && pub !== '' ? pub : undefined
  } catch {
    return undefined
  }
}
