import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Call } from '../operation.ts'
import { treesOf } from '../staging/start-staging.ts'

export const keyOfPackage = (guid: string): string => `cloudfoundry/packages/${guid}`
export const keyOfDroplet = (guid: string): string => `cloudfoundry/droplets/${guid}`
/** Secret for an image's registry, of a package that came with a user's name and password, or of its droplet. */
export const registrySecretOf = (guid: string): string => `cloudfoundry-registry-${guid}`

interface Named {
  readonly guid: string
}

/** What lies on disk and in the vault of droplets and packages whose records are gone. */
export async function removeBits(
  { context, caller, engine }: Call,
  droplets: readonly (Named & { readonly registrySecret?: string })[],
  packages: readonly Named[],
): Promise<void> {
  const trees = treesOf(context, caller.tenant)
  for (const { guid, registrySecret } of droplets) {
    if (registrySecret !== undefined) await engine.removeSecret(caller.tenant, registrySecret)
    await rm(join(trees, guid), { recursive: true, force: true })
    await context.objects.remove(caller.tenant, keyOfDroplet(guid))
  }
  for (const { guid } of packages) await context.objects.remove(caller.tenant, keyOfPackage(guid))
}

export async function copySecret({ engine, caller }: Call, from: string, to: string): Promise<void> {
  const value = await engine.resolveSecret(caller.tenant, from)
  if (value !== undefined) await engine.setSecret(caller.tenant, to, value)
}
