import { createHmac, createPublicKey, createVerify, generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MemoryStore } from '../../store/memory/memory-store.ts'
import { CredentialTable } from './credential-table.ts'
import { rsaJwtKey, signJwt, verifyJwt } from './json-web-token.ts'
import { SignedTokens } from './signed-token.ts'
import { SigningKey } from './signing-key.ts'

const key = (fill: number): Uint8Array => new Uint8Array(32).fill(fill)
const NOW = 1_800_000_000_000

describe('a signed token', () => {
  test('gives back what it was made of, to its own key and purpose, until it expires', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.option(fc.integer({ min: 1, max: 1e6 }), { nil: undefined }), (claims, lives) => {
        const tokens = new SignedTokens(key(1), 'a')
        const token = tokens.mint(claims, lives === undefined ? undefined : NOW + lives)
        const kept = JSON.parse(JSON.stringify(claims))
        expect(tokens.claims(token, NOW)).toEqual(kept)
        expect(tokens.claims(token, NOW + (lives ?? 0))).toEqual(lives === undefined ? kept : undefined)
        expect(new SignedTokens(key(2), 'a').claims(token, NOW)).toBeUndefined()
        expect(new SignedTokens(key(1), 'b').claims(token, NOW)).toBeUndefined()
      }),
    )
  })
})

const pem = (): string =>
  generateKeyPairSync('rsa', {
    modulusLength: 2_048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  }).privateKey

describe('a JSON web token', () => {
  const rsa = rsaJwtKey(pem())

  test('holds its claims between nbf and exp', () => {
    const token = signJwt(rsa, { sub: 'x', nbf: NOW / 1_000, exp: NOW / 1_000 + 60 })
    expect(verifyJwt(rsa, token, NOW)).toMatchObject({ sub: 'x' })
    expect(verifyJwt(rsa, token, NOW + 60_000)).toBeUndefined()
    expect(verifyJwt(rsa, token, NOW - 1)).toBeUndefined()
  })

  test('with any one character changed, of another key, of algorithm none, or with the public key as secret is refused', () => {
    const token = signJwt(rsa, { sub: 'x' })
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.constantFrom('A', 'b', '0', '.'), (at, c) => {
        const other = token.slice(0, at) + c + token.slice(at + 1)
        if (other !== token) expect(verifyJwt(rsa, other, NOW)).toBeUndefined()
      }),
    )
    expect(verifyJwt(rsaJwtKey(pem()), token, NOW)).toBeUndefined()
    const none = Buffer.from('{"alg":"none"}').toString('base64url')
    expect(verifyJwt(rsa, `${none}.${token.split('.')[1]}.`, NOW)).toBeUndefined()
    const head = Buffer.from(`{"alg":"HS256","kid":"${rsa.id}"}`).toString('base64url')
    const text = `${head}.${token.split('.')[1]}`
    const signature = createHmac('sha256', rsa.publicPem).update(text).digest('base64url')
    expect(verifyJwt(rsa, `${text}.${signature}`, NOW)).toBeUndefined()
  })

  test('of RS256 is verified by anyone with the key set alone', () => {
    const [head, body, signature] = signJwt(rsa, { sub: 'x' }, { jku: 'http://here' }).split('.')
    const verifier = createVerify('RSA-SHA256').update(`${head}.${body}`)
    const open = createPublicKey({ key: { ...rsa.publicJwk }, format: 'jwk' })
    expect(verifier.verify(open, signature!, 'base64url')).toBe(true)
    expect(JSON.parse(Buffer.from(head!, 'base64url').toString())).toEqual({
      alg: 'RS256',
      typ: 'JWT',
      kid: rsa.publicJwk.kid,
      jku: 'http://here',
    })
  })
})

test('a face has one signing key, whoever asks first, also after a restart; revoking it makes another', async () => {
  const store = new MemoryStore()
  const vault = { derive: () => key(5), seal: (_: string, t: string) => t, open: (_: string, t: string) => t }
  const table = (): CredentialTable => new CredentialTable(store, () => NOW, vault)
  const [first, second] = [table(), table()]
  const [a, b] = [new SigningKey(first, 'x'), new SigningKey(second, 'x')]
  const keys = await Promise.all([a.current(), a.current(), b.current()])
  expect(new Set(keys.map((k) => k.id)).size).toBe(1)
  expect((await new SigningKey(table(), 'x').current()).id).toBe(keys[0].id)
  const [view] = await first.list({ face: 'x' })
  expect(view).not.toHaveProperty('kept')
  await first.revoke(view!.id)
  expect((await a.current()).id).not.toBe(keys[0].id)
})
