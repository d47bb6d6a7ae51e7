/** Await steps: they find or start another execution by key, and wait until it is as far as they need. */
import type { Execution } from '../core/execution.ts'
import { isFinalState, stepsOf } from '../core/execution.ts'
import type { ExecutionEvent } from '../core/execution-event.ts'
import type { ExecutionId } from '../core/identity.ts'
import type { Reason } from '../core/reason.ts'
import { reason } from '../core/reason.ts'
import type { AwaitSpec } from '../core/step-spec.ts'
import type { Context } from './context.ts'
import { inspect } from './inspect.ts'
import { oneOfAKey } from './one-of-a-key.ts'
import { submit } from './submit.ts'
import { findTask } from './tasks.ts'

type Awaited = Extract<ExecutionEvent, { kind: 'awaited' }>

/** Begins, or begins again after a restart, to wait for the step's other execution. Once at a time for each step. */
export async function beginAwaiting(context: Context, id: ExecutionId, ordinal: number): Promise<void> {
  const place = placeOf(id, ordinal)
  const execution = context.roster.get(id)
  if (!execution || context.follows.has(place)) return
  let ended = false
  context.follows.set(place, () => {
    ended = true
  })
  const spec = stepsOf(execution)[ordinal]!.work as AwaitSpec
  const target = await found(context, execution, ordinal, spec).catch((error: unknown) => problem(error))
  if (ended) return
  if ('code' in target) return tell(context, id, { kind: 'awaited', step: ordinal, met: 'never', reason: target })
  await follow(context, id, ordinal, spec, target)
}

/** The step has ended: nobody listens to its other execution any more. */
export function endAwaiting(context: Context, id: ExecutionId, ordinal: number): void {
  context.follows.get(placeOf(id, ordinal))?.()
  context.follows.delete(placeOf(id, ordinal))
}

const placeOf = (id: ExecutionId, ordinal: number): string => `${id}:${ordinal}`

const problem = (error: unknown): Reason =>
  reason('awaited_failed', error instanceof Error ? error.message : String(error))

const tell = async (context: Context, id: ExecutionId, event: Awaited): Promise<void> => {
  await context.transitions.tell(id, event)
}

/** Listens first and looks then, so that no end falls in between. */
async function follow(
  context: Context,
  id: ExecutionId,
  ordinal: number,
  spec: AwaitSpec,
  target: Execution,
): Promise<void> {
  let first = true
  const see = (now: Execution): void => {
    const said = verdict(ordinal, spec, now)
    if (said.met !== 'notYet') unwatch()
    if (first || said.met !== 'notYet') void tell(context, id, said)
    first = false
  }
  const unwatch = context.roster.watch(target.id, see)
  context.follows.set(placeOf(id, ordinal), unwatch)
  see((await inspect(context, target.tenant, target.id)) ?? target)
}

function verdict(step: number, spec: AwaitSpec, target: Execution): Awaited {
  const met = isMet(spec, target)
  const base = { kind: 'awaited', step, execution: target.id, met } as const
  if (met !== 'never') return base
  const { state, reason: why } = target.status
  const message = `${spec.key} is ${state}${why ? `: ${why.message}` : ''}, needed was ${spec.until}`
  return {
    ...base,
    reason: reason('awaited_failed', message, { execution: target.id, state, ...(why && { why: why.message }) }),
  }
}

function isMet({ until }: AwaitSpec, { status }: Execution): 'yes' | 'notYet' | 'never' {
  const final = isFinalState(status.state)
  switch (until) {
    case 'running':
      if (status.state === 'running' || status.state === 'succeeded') return 'yes'
      return final ? 'never' : 'notYet'
    case 'healthy':
      if (!final && status.steps.some((s) => s.health === 'healthy')) return 'yes'
      return final ? 'never' : 'notYet'
    case 'completed':
      return final ? 'yes' : 'notYet'
    case 'succeeded':
      if (status.state === 'succeeded') return 'yes'
      return final ? 'never' : 'notYet'
  }
}

/** What the step waits for: what it found before, an active one with the key, a good final one, or one started now. */
async function found(
  context: Context,
  execution: Execution,
  ordinal: number,
  spec: AwaitSpec,
): Promise<Execution | Reason> {
  const { tenant } = execution
  const before = execution.status.steps[ordinal]!.awaited
  const known = before && (await inspect(context, tenant, before))
  if (known) return known
  return oneOfAKey(context, tenant, spec.key, () => byKeyOrStarted(context, execution, ordinal, spec))
}

async function byKeyOrStarted(
  context: Context,
  execution: Execution,
  ordinal: number,
  spec: AwaitSpec,
): Promise<Execution | Reason> {
  const active = context.roster.byKey(execution.tenant, spec.key)
  if (active) return active
  const final = spec.acceptFinal ? await goodFinal(context, execution, spec.key) : undefined
  if (final) return final
  if (!spec.task) return reason('awaited_failed', `no execution has the key ${spec.key}`, { key: spec.key })
  return started(context, execution, ordinal, spec)
}

async function goodFinal(context: Context, execution: Execution, key: string): Promise<Execution | undefined> {
  const page = await context.store.executions(execution.tenant, { key, states: ['succeeded'] }, { limit: 1 })
  return page.items[0]
}

/** After a crash in between, the same step finds what it had started by its idempotency key. */
async function started(context: Context, execution: Execution, ordinal: number, spec: AwaitSpec): Promise<Execution> {
  const { submission, status } = execution
  const trigger = { kind: 'dependency', source: execution.id } as const
  const { name, revision } = spec.task!
  const task = await findTask(context, execution.tenant, name, revision)
  const request = {
    task: spec.task!,
    key: spec.key,
    face: task?.spec.face ?? submission.face,
    trigger,
    priority: submission.priority,
    ...spec.with,
  }
  const key = `await/${execution.id}/${ordinal}/${status.epoch}`
  const [result] = await submit(context, submission.principal, [request], {
    idempotency: { key, fingerprint: spec.key },
  })
  if (result?.kind !== 'accepted') throw new Error(`${spec.key} could not be started`)
  return result.execution
}
