import { notFound } from '../core/engine-error.ts'
import type { Execution } from '../core/execution.ts'
import { isFinal } from '../core/execution.ts'
import type { ExecutionId, Tenant } from '../core/identity.ts'
import type { Context } from './context.ts'
import { inspect } from './inspect.ts'

/** Resolves with the execution once the test holds or it is final; undefined after `timeoutMs` or abort. */
export async function waitFor(
  context: Context,
  tenant: Tenant,
  id: ExecutionId,
  test: (e: Execution) => boolean,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<Execution | undefined> {
  const active = context.roster.ofTenant(tenant, id)
  if (!active) {
    const execution = await inspect(context, tenant, id)
    if (!execution) throw notFound('execution', id)
    return execution
  }
  if (test(active)) return active
  return new Promise((resolve) => {
    const end = (result: Execution | undefined): void => {
      unwatch()
      alarm.cancel()
      signal?.removeEventListener('abort', onAbort)
      resolve(result)
    }
    const onAbort = (): void => end(undefined)
    const unwatch = context.roster.watch(id, (e) => {
      if (isFinal(e) || test(e)) end(e)
    })
    const alarm = context.alarms.at(context.now() + timeoutMs, onAbort)
    signal?.addEventListener('abort', onAbort)
    if (signal?.aborted) onAbort()
  })
}
