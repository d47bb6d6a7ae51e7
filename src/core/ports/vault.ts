import type { Tenant } from '../identity.ts'

/** Encryption with the operator's key file. */
export interface Vault {
  /** Authenticated encryption; the purpose is bound in, so that a value cannot be moved elsewhere. */
  seal(purpose: string, plain: string): string
  /** Throws when the text was not sealed here for this purpose. */
  open(purpose: string, sealed: string): string
  /** A key derived for a purpose: always the same for the same key file, 32 bytes. */
  derive(purpose: string): Uint8Array
}

/** Where `{secret: name}` resolves. */
export interface Secrets {
  /** Undefined when the tenant has no such secret. */
  resolve(tenant: Tenant, name: string): Promise<string | undefined>
}
