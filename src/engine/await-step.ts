/** Await steps: they find or start another execution by key, and wait until it is as far as they need. */
import type { Execution } from '../core/execution.ts'
import { isFinal, isFinalState, stepsOf } from '../core/execution.ts'
import type { ExecutionEvent } from '../core/execution-event.ts'
import type { ExecutionId } from '../core/identity.ts'
import type { Reason } from '../core/reason.ts'
import { reason } from '../core/reason.ts'
import type { AwaitSpec } from '../core/step-spec.ts'
import type { Context } from './context.ts'
import { submit } from './submit.ts'

type Awaited = Extract<ExecutionEvent, { kind: 'awaited' }>

/** Begins, or begins again after a restart, to wait for the step's other execution. */
export async function beginAwaiting(context: Context, id: ExecutionId, ordinal: number): Promise<void> {
  const execution = context.roster.get(id)
  const step = execution?.status.steps[ordinal]
  if (!execution || (step?.state !== 'starting' && step?.state !== 'running')) return
  const spec = stepsOf(execution)[ordinal]!.work as AwaitSpec
  const target = await found(context, execution, ordinal, spec).catch((error: unknown) => problem(error))
  if ('code' in target) return tell(context, id, { kind: 'awaited', step: ordinal, met: 'never', reason: target })
  await tell(context, id, verdict(ordinal, spec, target))
  if (!isFinal(target)) follow(context, id, ordinal, spec, target)
}

const problem = (error: unknown): Reason =>
  reason('awaited_failed', error instanceof Error ? error.message : String(error))

const tell = async (context: Context, id: ExecutionId, event: Awaited): Promise<void> => {
  await context.transitions.tell(id, event)
}

function follow(context: Context, id: ExecutionId, ordinal: number, spec: AwaitSpec, target: Execution): void {
  const see = (now: Execution): void => {
    const state = context.roster.get(id)?.status.steps[ordinal]?.state
    const over = state !== 'starting' && state !== 'running'
    const said = verdict(ordinal, spec, now)
    if (!over && said.met === 'notYet') return
    unwatch()
    if (!over) void tell(context, id, said)
  }
  const unwatch = context.roster.watch(target.id, see)
  see(context.roster.get(target.id) ?? target)
}

function verdict(step: number, spec: AwaitSpec, target: Execution): Awaited {
  const met = isMet(spec, target)
  const base = { kind: 'awaited', step, execution: target.id, met } as const
  if (met !== 'never') return base
  const { state, reason: why } = target.status
  const message = `${spec.key} is ${state}${why ? `: ${why.message}` : ''}, needed was ${spec.until}`
  return { ...base, reason: reason('awaited_failed', message, { execution: target.id, state }) }
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
  const known = before && (context.roster.get(before) ?? (await context.store.execution(tenant, before)))
  if (known) return known
  const place = `${tenant}\n${spec.key}`
  await context.startingKeys.get(place)?.catch(() => undefined)
  const active = context.roster.byKey(tenant, spec.key)
  if (active) return active
  const final = spec.acceptFinal ? await goodFinal(context, execution, spec.key) : undefined
  if (final) return final
  if (!spec.task) return reason('awaited_failed', `no execution has the key ${spec.key}`, { key: spec.key })
  const starting = started(context, execution, spec)
  context.startingKeys.set(place, starting)
  return starting.finally(() => context.startingKeys.delete(place))
}

async function goodFinal(context: Context, execution: Execution, key: string): Promise<Execution | undefined> {
  const page = await context.store.executions(execution.tenant, { key, states: ['succeeded'] }, { limit: 1 })
  return page.items[0]
}

async function started(context: Context, execution: Execution, spec: AwaitSpec): Promise<Execution> {
  const { submission } = execution
  const trigger = { kind: 'dependency', source: execution.id } as const
  const request = { task: spec.task!, key: spec.key, face: submission.face, trigger, priority: submission.priority }
  const [result] = await submit(context, submission.principal, [request])
  if (result?.kind !== 'accepted') throw new Error(`${spec.key} could not be started`)
  return result.execution
}
