import type { Execution } from '../core/execution.ts'
import type { ExecutionId, Tenant } from '../core/identity.ts'
import type { Context } from './context.ts'

/** As last committed: from memory while it is active, from the store once it is final. */
export const inspect = async (context: Context, tenant: Tenant, id: ExecutionId): Promise<Execution | undefined> =>
  context.roster.ofTenant(tenant, id) ?? (await context.store.execution(tenant, id))
