import type { Principal, Tenant } from '../../core/identity.ts'
import type { Instant } from '../../core/instant.ts'

/**
 * The one credential table. Faces extract what a client sent; this verifies and mints. A credential is valid on its own
 * face only. How a secret is kept depends on what a vendor's scheme needs:
 * `sealed` (must be read again: SigV4 secrets, signing keys), `hashed` (random tokens: SHA-256), `password` (scrypt).
 */
export interface Credentials {
  mint(request: MintRequest): Promise<MintedCredential>
  /** A random token of this face; undefined when unknown, revoked or expired. Constant time in the secret's part. */
  verifyToken(face: string, token: string): Promise<Principal | undefined>
  /** As `verifyToken`, with what is known of the credential; that of the first start is none of the table's. */
  verifiedToken(
    face: string,
    token: string,
  ): Promise<{ readonly principal: Principal; readonly credential?: CredentialView } | undefined>
  verifyPassword(face: string, name: string, password: string): Promise<Principal | undefined>
  /** The secret of a sealed credential by its public name (an access key id) and its principal. */
  sealedSecret(
    face: string,
    name: string,
  ): Promise<{ readonly secret: string; readonly principal: Principal } | undefined>
  list(filter: { readonly face?: string; readonly tenant?: Tenant }): Promise<readonly CredentialView[]>
  revoke(id: string): Promise<boolean>
  /** The store was reset: nothing that was read from it may be remembered. */
  forget?(): void
  /** The credential of this face that exists from the first start on; derived from the key file, so that
   *  `taskport env` can print it again. */
  firstStart(face: string): Promise<{ readonly name: string; readonly secret: string; readonly principal: Principal }>
}

export type CredentialKind = 'sealed' | 'hashed' | 'password'

export interface MintRequest {
  readonly face: string
  readonly tenant: Tenant
  /** Absent: as the face's clients need it, a random token for most. */
  readonly kind?: CredentialKind
  readonly principal: string
  readonly principalKind?: Principal['kind']
  readonly grants?: readonly string[]
  readonly scope?: string
  readonly expiresAt?: Instant
  /** A wished public name (user name, access key id); made otherwise. */
  readonly name?: string
  /** A wished secret (passwords); made otherwise. */
  readonly secret?: string
}

export interface CredentialView {
  readonly id: string
  readonly face: string
  readonly tenant: Tenant
  readonly kind: CredentialKind
  readonly name: string
  readonly principal: string
  readonly grants: readonly string[]
  readonly scope?: string
  readonly createdAt: Instant
  readonly expiresAt?: Instant
}

export interface MintedCredential extends CredentialView {
  /** Shown once. */
  readonly secret: string
}
