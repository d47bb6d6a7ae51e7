import { EngineError } from '../core/engine-error.ts'
import type { Execution } from '../core/execution.ts'
import type { ExecutionId, Principal, Tenant } from '../core/identity.ts'
import type { Instant } from '../core/instant.ts'
import type { Change } from '../core/ports/store.ts'
import { reason } from '../core/reason.ts'
import type { Context } from './context.ts'
import type { SubmitResult } from './submission-request.ts'
import { submit } from './submit.ts'
import { findTask } from './tasks.ts'

/** Whose voice a scheduled execution has where its task does not say: no client asked for it. */
const FACE = 'native'

/** One instant of a schedule. */
export interface ScheduledRun {
  readonly id: ExecutionId
  readonly tenant: Tenant
  readonly name: string
  readonly revision: number
  readonly at: Instant
  /** Earlier runs make way for it: they hold the room it needs, so it waits whatever its task says. */
  readonly replaces: boolean
}

/** The same instant of the same task is answered with the same execution. `change` goes into the accepting commit. */
export async function submitScheduled(context: Context, run: ScheduledRun, change: Change): Promise<SubmitResult> {
  const { id, tenant, name, revision, at, replaces } = run
  const face = (await findTask(context, tenant, name, revision))?.spec.face ?? FACE
  const request = {
    id,
    task: { name, revision },
    face,
    trigger: { kind: 'schedule', source: name },
    ...(replaces && { ifNoRoom: 'queue' as const }),
    changes: [change],
  } as const
  const idempotency = { key: `schedule/${name}/${at}`, fingerprint: 'schedule' }
  const [result] = await submit(context, principalOf(tenant, face), [request], { idempotency })
  return result!
}

/** The schedule's executions that have not ended, oldest first. */
export function activeOf(context: Context, tenant: Tenant, name: string): readonly ExecutionId[] {
  const ids: ExecutionId[] = []
  for (const execution of context.roster.all()) if (isRunOf(execution, tenant, name)) ids.push(execution.id)
  return ids.sort()
}

const isRunOf = ({ tenant: owner, submission }: Execution, tenant: Tenant, name: string): boolean =>
  owner === tenant && submission.trigger.kind === 'schedule' && submission.trigger.source === name

export async function stopReplaced(context: Context, replaced: readonly ExecutionId[], by: ExecutionId): Promise<void> {
  const why = reason('concurrency_replaced', 'the next run of its schedule took its place', { execution: by })
  const event = { kind: 'stopRequested', cause: { kind: 'concurrency', reason: why } } as const
  await Promise.all(replaced.map((id) => context.transitions.apply(id, event)))
}

const principalOf = (tenant: Tenant, face: string): Principal => ({
  id: 'schedule',
  kind: 'service',
  tenant,
  face,
  grants: [],
})

export const isConflictOf = (error: unknown, subject: string): error is EngineError =>
  error instanceof EngineError && error.code === 'conflict' && error.facts.subject === subject

/** Trying again would end the same. A full disk, a closed store and a position moved meanwhile will not. */
export const isHopeless = (error: unknown): error is EngineError =>
  error instanceof EngineError &&
  error.code !== 'unavailable' &&
  error.code !== 'exhausted' &&
  !isConflictOf(error, 'document')
