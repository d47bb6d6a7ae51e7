/**
 * After any event: everything that follows from it by itself. Runs to a fixpoint, because the end of one step may make
 * the next ready, and purely, so that the same history always gives the same execution.
 *
 * Order of rules: limits → stopping → starting → allocation → state.
 */
import type { Draft } from './draft.ts'
import { moveExecution, moveStep, ordinalOf } from './draft.ts'
import type { Attempt, StepStatus } from './execution.ts'
import { isFinalState, isFinalStep, KEPT_ATTEMPTS } from './execution.ts'
import { retryExecution } from './execution-retry.ts'
import { expiryOf } from './expiry.ts'
import { derivedState, outcomeReason } from './outcome.ts'
import { durationText } from './quantity-text.ts'
import { readiness } from './readiness.ts'
import type { Reason } from './reason.ts'
import { reason } from './reason.ts'
import { requestStop } from './stop-request.ts'

export function settle(draft: Draft): void {
  if (draft.rang) applyLimits(draft)
  if (draft.status.desired === 'stop') stopSteps(draft)
  else while (startReadySteps(draft));
  closeAllocation(draft)
  if (holdsNothing(draft) && retryExecution(draft)) while (startReadySteps(draft));
  else finishState(draft)
}

const holdsNothing = (draft: Draft): boolean =>
  allFinal(draft) && (draft.status.allocation === undefined || draft.status.allocation.state === 'closed')

export const allFinal = (draft: Draft): boolean => draft.steps.every((s) => isFinalStep(s.state))

function applyLimits(draft: Draft): void {
  const { deadlineAt } = draft.status
  if (deadlineAt !== undefined && draft.now >= deadlineAt) {
    const limit = draft.before.submission.timeoutMs ?? 0
    const why = reason('execution_timeout', `it did not end within its limit of ${durationText(limit)}`, {
      limitMs: limit,
    })
    requestStop(draft, { kind: 'timeout', reason: why })
  }
  for (const [ordinal, step] of draft.steps.entries())
    if (isOverdue(draft, ordinal, step)) giveUpAwaiting(draft, ordinal)
  const expiresAt = expiryOf(draft.before.submission, draft.status)
  if (expiresAt !== undefined && draft.now >= expiresAt)
    requestStop(draft, { kind: 'expired', reason: reason('expired', 'it could not be started in time') })
}

/** Executors keep the limits of programs; those of await steps are kept here. */
function isOverdue(draft: Draft, ordinal: number, step: StepStatus): boolean {
  const { work, timeoutMs } = draft.specs[ordinal]!
  const waits = work.kind === 'await' && (step.state === 'starting' || step.state === 'running')
  return waits && timeoutMs !== undefined && step.startedAt !== undefined && draft.now >= step.startedAt + timeoutMs
}

function giveUpAwaiting(draft: Draft, ordinal: number): void {
  const { name, timeoutMs } = draft.specs[ordinal]!
  const why = reason('step_timeout', `what ${name} waits for did not come about within ${durationText(timeoutMs!)}`, {
    step: name,
  })
  failAwait(draft, ordinal, why)
}

/** An await step fails, and its execution with it where it asked for that. */
export function failAwait(draft: Draft, ordinal: number, why: Reason): void {
  moveStep(draft, ordinal, 'failed', { finishedAt: draft.now, reason: why })
  failFast(draft, ordinal, 'failed')
}

/** Steps that never ran are skipped; the others are asked to stop, dependents first. */
function stopSteps(draft: Draft): void {
  const why = draft.status.stopCause!.reason
  for (const [ordinal, step] of draft.steps.entries()) {
    if (step.state !== 'waiting') continue
    const ran = step.attempts.some((a) => a.epoch === draft.status.epoch)
    moveStep(draft, ordinal, ran ? 'stopped' : 'skipped', { finishedAt: draft.now, reason: why })
  }
  while (stopFreeSteps(draft));
}

/** Stops every step that no unfinished step depends on; await steps end at once, so another round may free more. */
function stopFreeSteps(draft: Draft): boolean {
  let ended = false
  const held = dependedOn(draft)
  for (const [ordinal, step] of draft.steps.entries()) {
    if ((step.state !== 'starting' && step.state !== 'running') || held.has(ordinal)) continue
    const change = { stoppingAt: draft.now, reason: draft.status.stopCause!.reason }
    moveStep(draft, ordinal, 'stopping', change)
    if (draft.specs[ordinal]!.work.kind !== 'await') continue
    moveStep(draft, ordinal, 'stopped', { finishedAt: draft.now })
    ended = true
  }
  return ended
}

function dependedOn(draft: Draft): ReadonlySet<number> {
  const held = new Set<number>()
  for (const [ordinal, step] of draft.steps.entries()) {
    if (isFinalStep(step.state)) continue
    for (const condition of draft.specs[ordinal]!.conditions) held.add(ordinalOf(draft, condition.step)!)
  }
  return held
}

/**
 * One round; returns whether a step became final, which may decide others. Without an allocation only await steps begin:
 * an execution must not hold a place while all it does is wait for another, which may need that very place.
 */
function startReadySteps(draft: Draft): boolean {
  if (draft.status.allocation !== undefined && draft.status.allocation.state !== 'open') return false
  let decided = false
  const group = currentGroup(draft)
  if (endWithGroup(draft, group)) {
    stopSteps(draft)
    return false
  }
  for (const [ordinal, step] of draft.steps.entries()) {
    if (step.state !== 'waiting' || draft.specs[ordinal]!.group > group) continue
    const ready = readiness(draft, ordinal)
    if (ready.is === 'ready' && mayBegin(draft, ordinal)) startStep(draft, ordinal)
    else if (ready.is === 'never') {
      moveStep(draft, ordinal, 'skipped', { finishedAt: draft.now, reason: ready.reason })
      decided = true
      failFast(draft, ordinal, 'can never start')
    }
  }
  if (draft.status.desired === 'stop') stopSteps(draft)
  return decided && draft.status.desired === 'run'
}

const mayBegin = (draft: Draft, ordinal: number): boolean =>
  draft.status.allocation !== undefined || draft.specs[ordinal]!.work.kind === 'await'

/** A step that is skipped, or an await that fails, counts like a failed program for those that asked to end with it. */
function failFast(draft: Draft, ordinal: number, what: string): void {
  const spec = draft.specs[ordinal]!
  if (!spec.essential || spec.endsExecution === 'never' || spec.endsExecution === 'onGroupFailure') return
  if (allFinal(draft)) return
  const why = reason('essential_failed', `step ${spec.name} ${what}`, { step: spec.name })
  requestStop(draft, { kind: spec.endsExecution === 'onExit' ? 'essentialExit' : 'essentialFailure', reason: why })
}

/** A group is over, and a step of it that wanted no further one has failed: what waits in later groups never begins. */
function endWithGroup(draft: Draft, group: number): boolean {
  const culprit = draft.specs.find(
    (spec, ordinal) =>
      spec.endsExecution === 'onGroupFailure' && spec.group < group && draft.steps[ordinal]!.state !== 'succeeded',
  )
  if (!culprit || group === Number.POSITIVE_INFINITY) return false
  const why = reason('essential_failed', `step ${culprit.name} failed`, { step: culprit.name })
  requestStop(draft, { kind: 'essentialFailure', reason: why })
  return true
}

/** The lowest group with a step that is not final: later ones wait for it. */
export function currentGroup(draft: Draft): number {
  let group = Number.POSITIVE_INFINITY
  for (const [ordinal, step] of draft.steps.entries())
    if (!isFinalStep(step.state)) group = Math.min(group, draft.specs[ordinal]!.group)
  return group
}

function startStep(draft: Draft, ordinal: number): void {
  const step = draft.steps[ordinal]!
  const spec = draft.specs[ordinal]!
  const number = (step.attempts[step.attempts.length - 1]?.number ?? 0) + 1
  const executor = draft.status.allocation?.executors[ordinal] ?? ''
  const attempt: Attempt = { number, epoch: draft.status.epoch, executor, requestedAt: draft.now }
  const runs = spec.work.kind === 'run'
  const attempts = runs ? [...step.attempts, attempt].slice(-KEPT_ATTEMPTS) : step.attempts
  const health = spec.work.kind === 'run' && spec.work.health ? 'unknown' : 'none'
  const cleared = { notBefore: undefined, reason: undefined } as unknown as Partial<StepStatus>
  // An await step has no program: it begins when it begins to wait.
  moveStep(draft, ordinal, 'starting', { ...cleared, attempts, health, ...(!runs && { startedAt: draft.now }) })
}

function closeAllocation(draft: Draft): void {
  const allocation = draft.status.allocation
  if (allocation?.state !== 'open' || !allFinal(draft)) return
  draft.status.allocation = { ...allocation, state: 'closing' }
  draft.transitions.push({ kind: 'allocation.closing', epoch: allocation.epoch, node: allocation.node })
}

function finishState(draft: Draft): void {
  const to = derivedState(draft)
  if (to === draft.status.state) return
  if (isFinalState(to)) {
    const why = outcomeReason(draft, to)
    draft.status.finishedAt = draft.now
    if (why) draft.status.reason = why
    else delete draft.status.reason
    moveExecution(draft, to, why)
    return
  }
  if (to === 'pending') return
  if (to === 'stopping') draft.status.reason = draft.status.stopCause!.reason
  else delete draft.status.reason
  moveExecution(draft, to, draft.status.reason)
}
