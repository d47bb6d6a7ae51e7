import { EngineError, notFound } from '../core/engine-error.ts'
import type { Execution } from '../core/execution.ts'
import type { AttemptId, ExecutionId, Tenant } from '../core/identity.ts'
import { attemptIdOf } from '../core/identity.ts'
import type { Change } from '../core/ports/store.ts'
import type { Context } from './context.ts'
import { KEYS } from './idempotency-key.ts'
import { reactions } from './reactions.ts'

/** Deletes a final execution, its logs and its idempotency key. */
export async function remove(context: Context, tenant: Tenant, id: ExecutionId): Promise<void> {
  const active = context.roster.ofTenant(tenant, id)
  if (active)
    throw new EngineError('conflict', `execution ${id} is ${active.status.state}: only one that has ended is deleted`, {
      subject: 'execution',
      id,
    })
  const execution = await context.store.execution(tenant, id)
  if (!execution) throw notFound('execution', id)
  await removeFinal(context, execution)
}

export async function removeFinal(context: Context, execution: Execution): Promise<void> {
  const { tenant, id } = execution
  const event = {
    tenant,
    execution: id,
    at: context.now(),
    version: execution.version,
    transition: { kind: 'execution.removed' },
  } as const
  const keys = await context.store.documents(tenant, KEYS, { index: { name: 'last', value: id }, limit: 10 })
  const extra = await reactions(context, execution, [event])
  const changes: Change[] = [
    { kind: 'execution.delete', tenant, id },
    { kind: 'event', event },
    ...keys.items.map((d): Change => ({ kind: 'document.delete', tenant, collection: KEYS, key: d.key })),
    ...extra,
  ]
  await context.store.commit(changes)
  await context.logs.forget(tenant, attemptsOf(execution))
}

/** Every attempt there ever was: numbers count from 1, older ones than those kept included. */
export function attemptsOf(execution: Execution): readonly AttemptId[] {
  return execution.status.steps.flatMap((step, ordinal) => {
    const newest = step.attempts[step.attempts.length - 1]?.number ?? 0
    return Array.from({ length: newest }, (_, i) => attemptIdOf(execution.id, ordinal, i + 1))
  })
}
