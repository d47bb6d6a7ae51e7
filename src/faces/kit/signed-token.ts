/**
 * Tokens that prove themselves: nothing is stored, the token says what it stands for and carries a MAC over it. For
 * what a program is given, for upload addresses and confirmation links; what must be revocable is a credential instead.
 *
 * S1. The purpose is part of what is signed: a token made for one purpose is nothing to another, under one key.
 * S2. A token that has expired, was changed or was made elsewhere is answered `undefined`, in a time that does not tell
 *     where it differs.
 */
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'
import type { Instant } from '../../core/instant.ts'

/** `Claims` must survive JSON. They are readable by who holds the token. */
export class SignedTokens<Claims> {
  readonly #key: KeyObject
  readonly #purpose: string

  /** `key`: 32 bytes, from `FaceContext.deriveKey`. */
  constructor(key: Uint8Array | KeyObject, purpose: string) {
    this.#key = key instanceof Uint8Array ? createSecretKey(key) : key
    this.#purpose = purpose
  }

  /** URL-safe: letters, digits, `-`, `_` and one dot. Without `expiresAt` it never expires. */
  mint(claims: Claims, expiresAt?: Instant): string {
    const content = expiresAt === undefined ? [claims] : [claims, expiresAt]
    const text = Buffer.from(JSON.stringify(content), 'utf8').toString('base64url')
    return `${text}.${this.#proofOf(text)}`
  }

  claims(token: string, now: Instant): Claims | undefined {
    const [text, proof, ...rest] = token.split('.')
    if (text === undefined || proof === undefined || rest.length > 0) return undefined
    // As texts: the last character of base64 has bits that decoding drops.
    const [given, expected] = [Buffer.from(proof, 'utf8'), Buffer.from(this.#proofOf(text), 'utf8')]
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined
    const [claims, expiresAt] = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as [Claims, Instant?]
    return expiresAt === undefined || now < expiresAt ? claims : undefined
  }

  #proofOf(text: string): string {
    return createHmac('sha256', this.#key).update(`${this.#purpose}\n${text}`).digest('base64url')
  }
}
