/** Secrets: named values of a tenant, sealed with the operator's key, never in a reply or an event. */
import { invalid, notFound } from '../core/engine-error.ts'
import type { Tenant } from '../core/identity.ts'
import type { Instant } from '../core/instant.ts'
import type { Store } from '../core/ports/store.ts'
import type { Secrets, Vault } from '../core/ports/vault.ts'
import type { Context } from './context.ts'

const COLLECTION = 'taskport/secret'
/** Environment variables cannot be longer (MAX_ARG_STRLEN), bytes. */
const MAX_BYTES = 131_000

interface SecretDocument {
  readonly sealed: string
  readonly updatedAt: Instant
}

const purposeOf = (tenant: Tenant, name: string): string => `secret/${tenant}/${name}`

/** Resolves `{secret: name}` from the store. */
export const storedSecrets = (store: Store, vault: Vault): Secrets => ({
  async resolve(tenant, name) {
    const found = await store.document<SecretDocument>(tenant, COLLECTION, name)
    return found && vault.open(purposeOf(tenant, name), found.body.sealed)
  },
})

export async function setSecret(context: Context, tenant: Tenant, name: string, value: string): Promise<void> {
  if (name === '') throw invalid('name', 'a secret needs a name')
  if (value.includes('\0')) throw invalid('value', 'a NUL byte cannot be passed to a program')
  if (Buffer.byteLength(value) > MAX_BYTES) throw invalid('value', `a secret has at most ${MAX_BYTES} bytes`)
  const body: SecretDocument = { sealed: context.vault.seal(purposeOf(tenant, name), value), updatedAt: context.now() }
  await context.store.commit([{ kind: 'document.put', tenant, collection: COLLECTION, key: name, sort: name, body }])
}

export async function secretNames(
  context: Context,
  tenant: Tenant,
): Promise<readonly { readonly name: string; readonly updatedAt: Instant }[]> {
  const names: { name: string; updatedAt: Instant }[] = []
  let after: string | undefined
  do {
    const page = await context.store.documents<SecretDocument>(tenant, COLLECTION, {
      limit: 500,
      ascending: true,
      ...(after !== undefined && { after }),
    })
    names.push(...page.items.map((d) => ({ name: d.key, updatedAt: d.body.updatedAt })))
    after = page.next
  } while (after !== undefined)
  return names
}

export async function removeSecret(context: Context, tenant: Tenant, name: string): Promise<void> {
  if (!(await context.store.document(tenant, COLLECTION, name))) throw notFound('secret', name)
  await context.store.commit([{ kind: 'document.delete', tenant, collection: COLLECTION, key: name }])
}
