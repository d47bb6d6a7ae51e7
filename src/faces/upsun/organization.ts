import { createHash } from 'node:crypto'
import type { Tenant } from '../../core/identity.ts'

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** A tenant is shown as one organization; its id is a ULID (reference §1.3), always the same. */
export function organizationIdOf(tenant: Tenant): string {
  const digest = createHash('sha256').update(`upsun organization\n${tenant}`).digest()
  return `01${[...digest.subarray(0, 24)].map((byte) => CROCKFORD[byte & 31]).join('')}`
}

/** What the command line shows only where the vendor is its own. */
export const VENDOR = 'upsun'
