/**
 * Effects: what the outside world must be told after a commit. Every effect is idempotent and can be derived again from
 * the execution alone, which is how the rescuer repeats them after a crash.
 */

import { dueAt } from '../core/due.ts'
import type { Transition } from '../core/event.ts'
import type { Execution } from '../core/execution.ts'
import { currentAttempt, isFinal, stepsOf } from '../core/execution.ts'
import type { AttemptId } from '../core/identity.ts'
import { attemptIdOf, attemptKeyOf } from '../core/identity.ts'
import { wantsPlace } from '../core/wants-place.ts'
import { beginAwaiting, endAwaiting } from './await-step.ts'
import type { Context } from './context.ts'
import { startAttempt } from './start-attempt.ts'

/** After a commit that led from `before` to `next` by `transitions`. */
export function afterCommit(
  context: Context,
  before: Execution | undefined,
  next: Execution,
  transitions: readonly Transition[],
): void {
  for (const transition of transitions) {
    if (transition.kind === 'step.state') stepEffect(context, next, transition.ordinal)
    if (transition.kind === 'step.state' || transition.kind === 'step.retrying') endLog(context, next, transition)
    else if (transition.kind === 'allocation.closing') closeAllocation(context, next)
    else if (transition.kind === 'execution.stopRequested' && before?.status.stopCause) hastenStop(context, next)
  }
  const gaveBack = before !== undefined && gaveBackItsPlace(before, next)
  if (gaveBack || isFinal(next)) context.dispatcher.release(next)
  if (next.status.state === 'pending' && (gaveBack || before !== undefined)) queueIfWanted(context, next)
  armTimer(context, next)
}

/** A later stop was less patient: what is stopping already hears of it (executors take the shorter grace). */
function hastenStop(context: Context, next: Execution): void {
  for (const [ordinal, step] of next.status.steps.entries())
    if (step.state === 'stopping') stopAttempt(context, next, ordinal)
}

/** Followers of an attempt whose exit is durable may finish. */
function endLog(
  context: Context,
  next: Execution,
  { attempt, ordinal }: { attempt?: AttemptId; ordinal: number },
): void {
  const number = attempt && attemptKeyOf(attempt)?.number
  const ended = next.status.steps[ordinal]?.attempts.find((a) => a.number === number)
  if (attempt && ended?.exit) context.logs.ended(next.tenant, attempt, ended.log)
}

/** Once nothing but a place is missing. What waits for other executions only says so. */
export function queueIfWanted(context: Context, execution: Execution): void {
  if (!context.dispatcher.isQueued(execution.id) && wantsPlace(execution)) context.dispatcher.enqueue(execution)
}

/** It has no allocation now, and had one before or in between (a fold may hold a whole short life). */
const gaveBackItsPlace = (before: Execution, next: Execution): boolean =>
  next.status.allocation === undefined &&
  (before.status.allocation !== undefined || before.status.epoch !== next.status.epoch)

/** What the step's present state asks of the outside. */
export function stepEffect(context: Context, execution: Execution, ordinal: number): void {
  const step = execution.status.steps[ordinal]
  const spec = stepsOf(execution)[ordinal]
  if (!step || !spec) return
  if (spec.work.kind === 'await') {
    if (step.state === 'starting' || step.state === 'running') void beginAwaiting(context, execution.id, ordinal)
    else endAwaiting(context, execution.id, ordinal)
  } else if (step.state === 'starting') startAttempt(context, execution, ordinal)
  else if (step.state === 'stopping') stopAttempt(context, execution, ordinal)
}

export function stopAttempt(context: Context, execution: Execution, ordinal: number): void {
  const attempt = currentAttempt(execution.status.steps[ordinal]!)
  const spec = stepsOf(execution)[ordinal]!
  if (!attempt || attempt.exit) return
  const graceMs = execution.status.stopCause?.graceMs ?? spec.stop.graceMs
  const id = attemptIdOf(execution.id, ordinal, attempt.number)
  insist(context, `stop ${id}`, async () => {
    await context.executors.get(attempt.executor).stop(id, { signal: spec.stop.signal, graceMs })
    // Not known to have begun: a start that was never sent meets the tombstone and comes back as an exit (P2).
    if (attempt.startedAt === undefined) startAttempt(context, execution, ordinal)
  })
}

export function closeAllocation(context: Context, execution: Execution): void {
  const allocation = execution.status.allocation
  if (allocation?.state !== 'closing') return
  const kinds = [...new Set(allocation.executors)].filter((kind) => kind !== '')
  insist(context, `close ${allocation.id}`, async () => {
    // What an executor that is no longer configured held is not ours to close any more.
    await Promise.all(kinds.map((kind) => context.executors.find(kind)?.close(allocation.id)))
    await context.transitions.apply(execution.id, { kind: 'allocationClosed', epoch: allocation.epoch })
  })
}

/** Tries until it succeeds or the engine ends: an executor that is away comes back. */
export function insist(context: Context, what: string, effect: () => Promise<unknown>, waitMs = 100): void {
  effect().catch((error: unknown) => {
    context.logger.warn({ what, error: String(error), waitMs }, 'an executor did not answer; trying again')
    context.alarms.at(context.now() + waitMs, () => {
      insist(context, what, effect, Math.min(waitMs * 2, 10_000))
    })
  })
}

/** One alarm per execution: the next instant at which something follows from time alone. An alarm that stands is kept:
 *  it runs on steady time, so that a wall clock that is set moves no limit. */
export function armTimer(context: Context, execution: Execution): void {
  const at = dueAt(execution, context.now())
  const standing = context.timers.get(execution.id)
  if (standing?.at === at) return
  standing?.cancel()
  context.timers.delete(execution.id)
  if (at === undefined) return
  const ring = (): void => {
    context.timers.delete(execution.id)
    void context.transitions.tell(execution.id, { kind: 'due', at })
  }
  context.timers.set(execution.id, { at, ...context.alarms.at(at, ring) })
}
