import type { Principal, Tenant } from '../../core/identity.ts'
import type { Instant } from '../../core/instant.ts'
import type { CredentialKind, CredentialView } from './credentials.ts'

/** As stored: never a secret in the clear. */
export interface CredentialRecord {
  readonly id: string
  readonly face: string
  readonly tenant: Tenant
  readonly kind: CredentialKind
  readonly name: string
  readonly principal: string
  readonly principalKind: Principal['kind']
  readonly grants: readonly string[]
  readonly scope?: string
  readonly createdAt: Instant
  readonly expiresAt?: Instant
  /** `sealed`: sealed by the vault. `hashed`: SHA-256. `password`: scrypt. */
  readonly kept: string
}

export function viewOf(record: CredentialRecord): CredentialView {
  const { principalKind: _kind, kept: _kept, ...view } = record
  return view
}

export const principalOf = (record: CredentialRecord): Principal => ({
  id: record.principal,
  kind: record.principalKind,
  tenant: record.tenant,
  face: record.face,
  grants: record.grants,
})
