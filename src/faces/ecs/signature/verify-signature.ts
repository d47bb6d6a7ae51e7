/**
 * The server's side of Signature Version 4. It owns a small cache of signing keys (they change once a day per
 * credential, region and service) and nothing else. Texts: reference ecs.md 1.4.
 *
 * V1. Nothing that the signature does not cover is believed, except the body when its hash is signed.
 * V2. Comparison takes the same time wherever signatures differ.
 */
import { type KeyObject, timingSafeEqual } from 'node:crypto'
import { AwsError } from '../errors.ts'
import type { Authorization } from './authorization-header.ts'
import { canonicalRequest, type SignedRequest, sha256Hex, signatureOf, signingKey, stringToSign } from './signature.ts'

const SKEW_MS = 5 * 60_000
const CACHED_KEYS = 1_000

const invalidSignature = (message: string): AwsError => new AwsError('InvalidSignatureException', message)

export const MISMATCH =
  'The request signature we calculated does not match the signature you provided. ' +
  'Check your AWS Secret Access Key and signing method. Consult the service documentation for details.'

export class SignatureVerifier {
  readonly #keys = new Map<string, KeyObject>()

  /** Throws InvalidSignatureException or IncompleteSignatureException; returns when the signature holds. */
  verify(request: SignedRequest, given: Authorization, secret: string, service: string, nowMs: number): void {
    const amzDate = checkedDate(request, given, nowMs)
    if (given.service !== service)
      throw invalidSignature(`Credential should be scoped to correct service: '${service}'. `)
    if (!given.signedHeaders.includes('host'))
      throw invalidSignature("'Host' must be a 'SignedHeader' in the AWS Authorization.")
    const canonical = canonicalRequest(request, given.signedHeaders, checkedHash(request, given))
    const expected = signatureOf(this.#key(given, secret), stringToSign(amzDate, given, canonical))
    if (!equal(expected, given.signature)) throw invalidSignature(MISMATCH)
  }

  #key(scope: Authorization, secret: string): KeyObject {
    const name = `${scope.date}/${scope.region}/${scope.service}/${secret}`
    const cached = this.#keys.get(name)
    if (cached) return cached
    if (this.#keys.size >= CACHED_KEYS) this.#keys.clear()
    const key = signingKey(secret, scope)
    this.#keys.set(name, key)
    return key
  }
}

/** The request's date, within the skew, and of the day that the scope names. */
function checkedDate(request: SignedRequest, given: Authorization, nowMs: number): string {
  const amzDate = one(request.headers['x-amz-date'])
  const atMs = amzDate === undefined ? undefined : parseAmzDate(amzDate)
  if (amzDate === undefined || atMs === undefined)
    throw new AwsError(
      'IncompleteSignatureException',
      "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
    )
  if (!amzDate.startsWith(given.date))
    throw invalidSignature(
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${given.date}' != '${amzDate.slice(0, 8)}', from '${amzDate}'.`,
    )
  if (Math.abs(nowMs - atMs) > SKEW_MS) throw invalidSignature(skewMessage(amzDate, atMs < nowMs, nowMs))
  return amzDate
}

function skewMessage(amzDate: string, late: boolean, nowMs: number): string {
  const limit = formatAmzDate(late ? nowMs - SKEW_MS : nowMs + SKEW_MS)
  const why = `(${formatAmzDate(nowMs)} ${late ? '-' : '+'} 5 min.)`
  return late
    ? `Signature expired: ${amzDate} is now earlier than ${limit} ${why}`
    : `Signature not yet current: ${amzDate} is still later than ${limit} ${why}`
}

/** A stated hash must be the body's; a hash that is not stated is computed. */
function checkedHash(request: SignedRequest, given: Authorization): string {
  const stated = one(request.headers['x-amz-content-sha256'])
  if (stated === 'UNSIGNED-PAYLOAD' && given.signedHeaders.includes('x-amz-content-sha256')) return stated
  const computed = sha256Hex(request.body)
  if (stated !== undefined && stated !== computed) throw invalidSignature(MISMATCH)
  return computed
}

function equal(a: string, b: string): boolean {
  const left = Buffer.from(a)
  const right = Buffer.from(b)
  return left.length === right.length && timingSafeEqual(left, right)
}

const one = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value)

function parseAmzDate(text: string): number | undefined {
  const m = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(text)
  if (!m) return undefined
  const [year, month, day, hour, minute, second] = m.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const ms = Date.UTC(year, month - 1, day, hour, minute, second)
  return Number.isNaN(ms) ? undefined : ms
}

export const formatAmzDate = (ms: number): string => new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, '')
