import type { Claim } from '../kit/face.ts'

/** Log addresses and the operations endpoint of an environment lie here. */
const OWN_PATH = '/api/ona'

/** Every service of the vendor has a dot in its name: `gitpod.v1.…`, `supervisor.v1.…`. */
export const CLAIMS: readonly Claim[] = [{ pattern: '^/api/[A-Za-z0-9_-]+\\.[A-Za-z0-9_.-]+/' }, { prefix: OWN_PATH }]
