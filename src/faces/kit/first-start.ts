import type { Principal, Tenant } from '../../core/identity.ts'
import { asTenant } from '../../core/identity.ts'
import type { Vault } from '../../core/ports/vault.ts'

/** The credential of a face that exists from the first start on. */
export interface FirstStart {
  readonly name: string
  readonly secret: string
  readonly principal: Principal
}

/** How a vendor spells it, where `tp_<face>_first_<random>` will not do (an access key id, a UUID). */
export interface FirstStartSpelling {
  /** How further ones of this face are kept, where a random token will not do; sealed ones are spelled like the first. */
  readonly kind?: 'sealed'
  readonly tenant?: Tenant
  /** How its tenants are written, where not any name will do: a credential for another would be nobody's. */
  readonly tenants?: { readonly form: RegExp; readonly says: string }
  readonly principal?: string
  readonly name?: (derived: Uint8Array) => string
  readonly secret?: (derived: Uint8Array) => string
}

export const FIRST_TENANT = asTenant('default')

/** Derived from the key file and never stored, so that `taskport env` can print it again. */
export function firstStartOf(vault: Vault, face: string, spelling: FirstStartSpelling = {}): FirstStart {
  const [forName, forSecret] = [vault.derive(`first-start/${face}/name`), vault.derive(`first-start/${face}/secret`)]
  return {
    name: spelling.name?.(forName) ?? 'admin',
    secret: spelling.secret?.(forSecret) ?? `tp_${face}_first_${Buffer.from(forSecret).toString('base64url')}`,
    principal: {
      id: spelling.principal ?? 'admin',
      kind: 'operator',
      tenant: spelling.tenant ?? FIRST_TENANT,
      face,
      grants: ['operator'],
    },
  }
}
