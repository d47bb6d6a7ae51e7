import { EngineError, notFound } from '../core/engine-error.ts'
import type { Execution } from '../core/execution.ts'
import { isFinal } from '../core/execution.ts'
import type { ExecutionId, Tenant } from '../core/identity.ts'
import { labelChange } from '../core/label-change.ts'
import type { Change } from '../core/ports/store.ts'
import type { Context } from './context.ts'
import { inspect } from './inspect.ts'
import { reactions } from './reactions.ts'
import { eventsOf } from './transitions.ts'

/** Others may write the same labels at the same time. */
const TRIES = 50

/** Sets and removes labels, of a final execution too; answers the execution as it is then. */
export async function setLabels(
  context: Context,
  tenant: Tenant,
  id: ExecutionId,
  set: Readonly<Record<string, string>>,
  remove: readonly string[],
): Promise<Execution> {
  for (let tried = 1; ; tried++) {
    if (context.roster.ofTenant(tenant, id)) await context.transitions.apply(id, { kind: 'labelled', set, remove })
    const execution = await inspect(context, tenant, id)
    if (!execution) throw notFound('execution', id)
    if (!labelChange(execution.submission.labels, set, remove)) return execution
    // It ended before the event was taken, or somebody else changed the same labels since.
    if (isFinal(execution)) {
      const labelled = await relabelFinal(context, execution, set, remove, tried < TRIES)
      if (labelled) return labelled
    } else if (tried === TRIES) throw new EngineError('conflict', 'its labels are being changed by others', { id })
  }
}

/** Undefined: it changed meanwhile. */
async function relabelFinal(
  context: Context,
  execution: Execution,
  set: Readonly<Record<string, string>>,
  remove: readonly string[],
  mayTryAgain: boolean,
): Promise<Execution | undefined> {
  const { labels, transition } = labelChange(execution.submission.labels, set, remove)!
  const { version, submission } = execution
  const next = { ...execution, submission: { ...submission, labels }, version: version + 1 }
  const events = eventsOf(next, [transition], context.now())
  const changes: readonly Change[] = [
    { kind: 'execution.labels', execution: next, expected: version },
    ...events.map((event): Change => ({ kind: 'event', event })),
  ]
  try {
    await context.store.commit([...changes, ...(await reactions(context, next, events, changes))])
    return next
  } catch (error) {
    if (mayTryAgain && error instanceof EngineError && error.code === 'conflict') return undefined
    throw error
  }
}
