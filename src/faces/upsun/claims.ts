import type { Claim } from '../kit/face.ts'

/** Paths are case-sensitive: `/Users` is another face's. */
export const CLAIMS: readonly Claim[] = [
  ...['/projects', '/organizations', '/users', '/me', '/ref', '/regions', '/oauth2'].map((prefix) => ({ prefix })),
]
