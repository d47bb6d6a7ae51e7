/** AWS Signature Version 4: the canonical request and the HMAC chain (docs: "Create a signed AWS API request"). */
import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto'

export interface SignedRequest {
  readonly method: string
  readonly path: string
  /** Without its `?`. */
  readonly query: string
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Uint8Array
}

export interface Scope {
  /** YYYYMMDD. */
  readonly date: string
  readonly region: string
  readonly service: string
}

export const sha256Hex = (bytes: Uint8Array | string): string => hash('sha256', bytes, 'hex')

/** `payloadHash` is what the client says of its body: the hash, or `UNSIGNED-PAYLOAD`. */
export function canonicalRequest(request: SignedRequest, signed: readonly string[], payloadHash: string): string {
  const headers = signed.map((name) => `${name}:${headerValue(request.headers[name])}\n`).join('')
  return [request.method, request.path, canonicalQuery(request.query), headers, signed.join(';'), payloadHash].join(
    '\n',
  )
}

function headerValue(value: string | string[] | undefined): string {
  const values = Array.isArray(value) ? value : [value ?? '']
  return values.map((v) => v.trim().replace(/\s+/g, ' ')).join(',')
}

function canonicalQuery(query: string): string {
  if (query === '') return ''
  const pairs = [...new URLSearchParams(query)].map(([name, value]) => [encode(name), encode(value)] as const)
  const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
  pairs.sort(([a, x], [b, y]) => order(a, b) || order(x, y))
  return pairs.map((pair) => pair.join('=')).join('&')
}

const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

export function stringToSign(amzDate: string, scope: Scope, canonical: string): string {
  const where = `${scope.date}/${scope.region}/${scope.service}/aws4_request`
  return `AWS4-HMAC-SHA256\n${amzDate}\n${where}\n${sha256Hex(canonical)}`
}

/** As a key object: making one of bytes costs more than the HMAC itself. */
export function signingKey(secret: string, scope: Scope): KeyObject {
  const hmac = (key: Uint8Array | string, data: string): Uint8Array => createHmac('sha256', key).update(data).digest()
  const day = hmac(`AWS4${secret}`, scope.date)
  return createSecretKey(hmac(hmac(hmac(day, scope.region), scope.service), 'aws4_request'))
}

export const signatureOf = (key: KeyObject, text: string): string =>
  createHmac('sha256', key).update(text).digest('hex')
