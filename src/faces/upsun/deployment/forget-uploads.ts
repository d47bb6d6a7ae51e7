import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { FaceContext } from '../../kit/face.ts'
import { FACE } from '../auth.ts'
import { tenantsOf } from '../tenants.ts'

/** Objects that hold a tree or a pack while it is taken in, and nothing afterwards. */
export const UPLOADS = { tree: 'upsun/upload/', pack: 'upsun/push/' } as const
/** Directory of this face where pushed trees lie for that long. */
export const ARCHIVES = 'archives'

/** What a former server was taking in when it died. Before this one takes in anything. */
export async function forgetUploads(context: FaceContext): Promise<void> {
  const { objects } = context
  for (const tenant of await tenantsOf(context))
    for (const prefix of Object.values(UPLOADS))
      for await (const key of objects.keys(tenant, prefix)) await objects.remove(tenant, key)
  rmSync(join(context.directoryOf(FACE), ARCHIVES), { recursive: true, force: true })
}
