import type { Claim } from '../kit/face.ts'

/** The rest of `/api` is Livepeer's: faces with closer claims below it (a segment with a dot) go first. */
export const claims: readonly Claim[] = [{ prefix: '/api' }, { prefix: '/media' }]
