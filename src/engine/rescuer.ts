/**
 * The rescuer: after a start it takes up every execution that was not final. Effects are derived again from what is
 * stored; executors are asked what became of their attempts.
 */
import type { Execution } from '../core/execution.ts'
import { currentAttempt } from '../core/execution.ts'
import type { Exit } from '../core/exit.ts'
import type { AttemptId } from '../core/identity.ts'
import { attemptIdOf, attemptKeyOf } from '../core/identity.ts'
import type { Executor, Seen } from '../core/ports/executor.ts'
import { reason } from '../core/reason.ts'
import type { Context } from './context.ts'
import { closeAllocation, queueIfWanted, stepEffect } from './effects.ts'

/** How long an executor that cannot tell yet is asked again, ms. */
const ASK_AGAIN_MS = 1_000
/** Attempts asked about in one call. */
const BATCH = 500

/** Loads the roster and books what is open. No effects yet. */
export async function loadRoster(context: Context): Promise<number> {
  for await (const execution of context.store.system.activeExecutions()) {
    context.roster.enter(execution)
    const { allocation } = execution.status
    if (allocation && allocation.state !== 'closed') context.ledger.book(execution, allocation.node, allocation.ports)
  }
  return context.roster.size
}

/** Repeats every effect that may not have happened, once executors are ready. */
export async function rescue(context: Context): Promise<void> {
  const open = new Map<string, AttemptId[]>()
  for (const execution of [...context.roster.all()]) {
    queueIfWanted(context, execution)
    // What fell due while nobody was there happens now; it arms the timer as well.
    void context.transitions.tell(execution.id, { kind: 'due', at: context.now() })
    closeAllocation(context, execution)
    for (const [ordinal, step] of execution.status.steps.entries()) {
      if (step.state !== 'starting' && step.state !== 'running' && step.state !== 'stopping') continue
      const attempt = currentAttempt(step)
      if (!attempt || attempt.exit) stepEffect(context, execution, ordinal)
      else
        open.set(attempt.executor, [
          ...(open.get(attempt.executor) ?? []),
          attemptIdOf(execution.id, ordinal, attempt.number),
        ])
    }
  }
  await Promise.all([...open].map(([kind, ids]) => askAll(context, kind, ids)))
}

async function askAll(context: Context, kind: string, ids: readonly AttemptId[]): Promise<void> {
  const executor = context.executors.find(kind)
  for (let i = 0; i < ids.length; i += BATCH) {
    const some = ids.slice(i, i + BATCH)
    if (executor) await ask(context, executor, some)
    else await Promise.all(some.map((id) => exited(context, id, noExecutor(kind))))
  }
}

const noExecutor = (kind: string): Exit => ({
  outcome: 'lost',
  reason: reason('executor_lost', `there is no executor ${kind} any more`, { executor: kind }),
})

async function ask(context: Context, executor: Executor, ids: readonly AttemptId[]): Promise<void> {
  const answers = await executor.inspect(ids).catch(() => undefined)
  const again: AttemptId[] = []
  for (const id of ids) {
    const seen: Seen = answers?.get(id) ?? { as: 'unknown' }
    if (seen.as === 'unknown') again.push(id)
    else await takeUp(context, id, seen)
  }
  if (again.length > 0)
    context.alarms.at(context.now() + ASK_AGAIN_MS, () => void ask(context, executor, again).catch(() => undefined))
}

async function takeUp(context: Context, id: AttemptId, seen: Seen): Promise<void> {
  const key = attemptKeyOf(id)!
  const execution = context.roster.get(key.execution)
  const step = execution?.status.steps[key.step]
  if (!execution || !step) return
  if (seen.as === 'exited') return exited(context, id, seen.exit, seen.exitedAt, seen.startedAt)
  if (seen.as === 'running') {
    if (step.state === 'starting')
      await context.transitions.apply(key.execution, { kind: 'attemptStarted', attempt: id, at: seen.startedAt })
    else if (step.state === 'stopping') stepEffect(context, execution, key.step)
    return
  }
  if (seen.as !== 'never') return
  if (step.state === 'starting') return stepEffect(context, execution, key.step)
  await neverSeen(context, execution, id, step.state === 'stopping' && currentAttempt(step)?.startedAt === undefined)
}

/** Its executor knows nothing of it: either it never began, and was to stop anyway, or all trace of it is gone. */
function neverSeen(context: Context, execution: Execution, id: AttemptId, neverBegan: boolean): Promise<void> {
  if (!neverBegan)
    return exited(context, id, { outcome: 'lost', reason: reason('executor_lost', 'its executor has no trace of it') })
  const why = execution.status.stopCause?.reason ?? reason('stopped_by_user', 'it was stopped before it began')
  return exited(context, id, { outcome: 'refused', reason: why })
}

async function exited(
  context: Context,
  attempt: AttemptId,
  exit: Exit,
  at = context.now(),
  startedAt?: number,
): Promise<void> {
  const key = attemptKeyOf(attempt)!
  await context.transitions.apply(key.execution, {
    kind: 'attemptExited',
    attempt,
    at,
    exit,
    ...(startedAt !== undefined && { startedAt }),
  })
}
