import { hash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

/** SHA-256 of a token of at least 128 random bits: no guess can be tried faster than by asking. */
export const tokenHash = (token: string): string => hash('sha256', token, 'base64url')

/** Compares two of them in a time that tells nothing. */
export const sameHash = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1'))

/** Compares in a time that tells nothing about where they differ. */
export function sameText(a: string, b: string): boolean {
  const [x, y] = [hash('sha256', a, 'buffer'), hash('sha256', b, 'buffer')]
  return timingSafeEqual(x, y)
}

/** N=2^14, r=8, p=1: 16 MB and about 50 ms, in libuv's pool. */
const COST = { N: 16_384, r: 8, p: 1 } as const
const LENGTH = 32

export async function passwordHash(password: string): Promise<string> {
  const salt = randomBytes(16)
  const key = await derive(password, salt)
  return `scrypt.${salt.toString('base64url')}.${key.toString('base64url')}`
}

export async function passwordMatches(password: string, stored: string): Promise<boolean> {
  const [scheme, salt, key] = stored.split('.')
  if (scheme !== 'scrypt' || salt === undefined || key === undefined) return false
  const expected = Buffer.from(key, 'base64url')
  return timingSafeEqual(await derive(password, Buffer.from(salt, 'base64url')), expected)
}

/** Costs what a real comparison costs, so that an unknown name is not told from a wrong password. */
export const wastePasswordTime = async (password: string): Promise<void> =>
  void (await derive(password, Buffer.alloc(16)))

const derive = (password: string, salt: Buffer): Promise<Buffer> =>
  new Promise((resolve, reject) =>
    scrypt(password, salt, LENGTH, COST, (error, key) => (error ? reject(error) : resolve(key))),
  )
