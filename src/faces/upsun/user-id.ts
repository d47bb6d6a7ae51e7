import { createHash } from 'node:crypto'
import type { Principal } from '../../core/identity.ts'

/** Users are UUIDs (reference §1.3): the same principal is always the same one. */
export function userIdOf(principal: Pick<Principal, 'id' | 'tenant'>): string {
  const hex = createHash('sha256').update(`upsun user\n${principal.tenant}\n${principal.id}`).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  )
}
