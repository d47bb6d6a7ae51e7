import { notFound } from '../core/engine-error.ts'
import type { Execution } from '../core/execution.ts'
import type { ExecutionId, Tenant } from '../core/identity.ts'
import { reason } from '../core/reason.ts'
import type { Context } from './context.ts'
import type { StopRequest } from './engine.ts'
import { inspect } from './inspect.ts'

/** Wants an execution stopped; answers with it as it is then. A final one is answered unchanged. */
export async function stop(
  context: Context,
  tenant: Tenant,
  id: ExecutionId,
  how: StopRequest = {},
): Promise<Execution> {
  if (context.roster.ofTenant(tenant, id)) {
    const why = reason(
      'stopped_by_user',
      how.message ?? 'stopped by a user',
      how.by === undefined ? undefined : { by: how.by },
    )
    const cause = {
      kind: 'user',
      reason: why,
      ...(how.by !== undefined && { by: how.by }),
      ...(how.graceMs !== undefined && { graceMs: how.graceMs }),
    } as const
    await context.transitions.apply(id, { kind: 'stopRequested', cause })
  }
  const execution = await inspect(context, tenant, id)
  if (!execution) throw notFound('execution', id)
  return execution
}
