import type { Tenant } from '../../../core/identity.ts'
import type { Vault } from '../../../core/ports/vault.ts'
import type { WebhookRecord } from './webhook-record.ts'

type Hook = { readonly tenant: Tenant; readonly body: WebhookRecord }

/** Bound to its webhook: sealed for one, it opens nowhere else. */
const purposeOf = (tenant: Tenant, id: string): string => `livepeer/webhook/${tenant}/${id}`

export const sealedSharedSecret = (vault: Pick<Vault, 'seal'>, tenant: Tenant, id: string, secret: string): string =>
  vault.seal(purposeOf(tenant, id), secret)

/** What messages to it are signed with; undefined: they are not. */
export const sharedSecretOf = (vault: Pick<Vault, 'open'>, { tenant, body }: Hook): string | undefined =>
  body.sealedSecret === undefined ? undefined : vault.open(purposeOf(tenant, body.id), body.sealedSecret)
