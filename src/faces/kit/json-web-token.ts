/**
 * Compact JSON Web Signatures (RFC 7515) with claims (RFC 7519), for vendors whose clients read or verify them.
 *
 * J1. The algorithm is the key's, never the token's: a header that names another is refused.
 * J2. `exp` and `nbf` are seconds since 1970, as the RFC has them, and are checked without leeway: one clock made and
 *     reads them.
 */
import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import type { Instant } from '../../core/instant.ts'

export type JwtClaims = Readonly<Record<string, unknown>>

/** What a token is held against. */
export interface JwtVerifier {
  readonly algorithm: 'RS256' | 'ES256'
  verify(text: string, signature: Buffer): boolean
}

export interface RsaJwtKey extends JwtVerifier {
  readonly algorithm: 'RS256'
  /** `kid`. */
  readonly id: string
  sign(text: string): Buffer
  readonly publicPem: string
  /** As a key set (`/jwks`, UAA's `/token_keys`) lists it. */
  readonly publicJwk: Readonly<Record<'kty' | 'n' | 'e' | 'alg' | 'use' | 'kid', string>>
}

/** Of a private key in PEM (PKCS #8). Its id is the thumbprint of RFC 7638. */
export function rsaJwtKey(privatePem: string): RsaJwtKey {
  const secret = createPrivateKey(privatePem)
  const open = createPublicKey(secret)
  const { n = '', e = '' } = open.export({ format: 'jwk' })
  const id = createHash('sha256')
    .update(JSON.stringify({ e, kty: 'RSA', n }))
    .digest('base64url')
  return {
    algorithm: 'RS256',
    id,
    sign: (text) => sign('sha256', Buffer.from(text), secret),
    verify: (text, signature) => verify('sha256', Buffer.from(text), open, signature),
    publicPem: String(open.export({ format: 'pem', type: 'spki' })),
    publicJwk: { kty: 'RSA', n, e, alg: 'RS256', use: 'sig', kid: id },
  }
}

/** Of somebody else's public key in PEM (SPKI), on P-256. Throws when it is none. */
export function es256Verifier(publicPem: string): JwtVerifier {
  const key = createPublicKey(publicPem)
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new Error('not a key on P-256')
  return {
    algorithm: 'ES256',
    // RFC 7518 §3.4: both numbers as they are, one behind the other.
    verify: (text, signature) => verify('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }, signature),
  }
}

/** `header`: members besides `alg`, `typ` and `kid`, e.g. `jku`. */
export function signJwt(key: RsaJwtKey, claims: JwtClaims, header: Readonly<Record<string, unknown>> = {}): string {
  const head = { ...header, alg: key.algorithm, typ: 'JWT', kid: key.id }
  const text = `${encoded(head)}.${encoded(claims)}`
  return `${text}.${key.sign(text).toString('base64url')}`
}

/** The claims; undefined for what this key did not sign, and outside of `nbf` and `exp`. */
export function verifyJwt(key: JwtVerifier, token: string, now: Instant): JwtClaims | undefined {
  const [head, body, signature, ...rest] = token.split('.')
  if (head === undefined || body === undefined || signature === undefined || rest.length > 0) return undefined
  if (decoded(head)?.alg !== key.algorithm) return undefined
  const bytes = Buffer.from(signature, 'base64url')
  if (bytes.toString('base64url') !== signature || !key.verify(`${head}.${body}`, bytes)) return undefined
  const claims = decoded(body)
  return claims && isCurrent(claims, now) ? claims : undefined
}

function isCurrent({ exp, nbf }: JwtClaims, now: Instant): boolean {
  if (exp !== undefined && !(typeof exp === 'number' && now < exp * 1_000)) return false
  return nbf === undefined || (typeof nbf === 'number' && now >= nbf * 1_000)
}

const encoded = (content: object): string => Buffer.from(JSON.stringify(content), 'utf8').toString('base64url')

function decoded(text: string): JwtClaims | undefined {
  try {
    const content: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
    return typeof content === 'object' && content !== null ? (content as JwtClaims) : undefined
  } catch {
    return undefined
  }
}
