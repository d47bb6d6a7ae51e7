import { createHmac, timingSafeEqual } from 'node:crypto'

/** A compact JWS (RFC 7515), HS256. */
export function signToken(key: Uint8Array, claims: object): string {
  const body = `${encoded({ alg: 'HS256', typ: 'JWT' })}.${encoded(claims)}`
  return `${body}.${macOf(key, body).toString('base64url')}`
}

/** The claims; undefined when it is not one of ours, for this purpose, or too old. `nowMs` is compared with `exp`, s. */
export function verifyToken<Claims extends { readonly aud: string; readonly exp?: number }>(
  key: Uint8Array,
  token: string,
  aud: Claims['aud'],
  nowMs: number,
): Claims | undefined {
  const [head, body, mac, ...rest] = token.split('.')
  if (!head || !body || !mac || rest.length > 0) return undefined
  const [given, expected] = [Buffer.from(mac, 'base64url'), macOf(key, `${head}.${body}`)]
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as Claims
  return claims.aud === aud && (claims.exp === undefined || claims.exp * 1_000 > nowMs) ? claims : undefined
}

const encoded = (value: object): string => Buffer.from(JSON.stringify(value), 'utf8').toString('base64url')
const macOf = (key: Uint8Array, text: string): Buffer => createHmac('sha256', key).update(text, 'utf8').digest()
