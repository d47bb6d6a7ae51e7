import type { Tenant } from '../core/identity.ts'
import type { Context } from './context.ts'

/**
 * Does `work` while nobody else looks for an execution with this key, or starts one: await steps do so here, and whoever
 * starts what they await. Without it two who found none would start two, and one of them could wait for ever.
 */
export async function oneOfAKey<T>(
  { startingKeys }: Pick<Context, 'startingKeys'>,
  tenant: Tenant,
  key: string,
  work: () => Promise<T>,
): Promise<T> {
  const place = `${tenant}\n${key}`
  const before = startingKeys.get(place) ?? Promise.resolve()
  const mine = before.then(work, work)
  startingKeys.set(place, mine)
  try {
    return await mine
  } finally {
    if (startingKeys.get(place) === mine) startingKeys.delete(place)
  }
}
