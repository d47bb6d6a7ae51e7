import type { Tenant } from '../core/identity.ts'
import { inTurn } from '../core/turns.ts'
import type { Context } from './context.ts'

/**
 * Does `work` while nobody else looks for an execution with this key, or starts one: await steps do so here, and whoever
 * starts what they await. Without it two who found none would start two, and one of them could wait for ever.
 */
export const oneOfAKey = <T>(
  { startingKeys }: Pick<Context, 'startingKeys'>,
  tenant: Tenant,
  key: string,
  work: () => Promise<T>,
): Promise<T> => inTurn(startingKeys, `${tenant}\n${key}`, work)
