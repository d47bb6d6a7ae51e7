/**
 * The state machine of an execution: `advance(execution, event, now)` gives the next version and the transitions that
 * lead to it, or refuses. Pure: no clock, no ids, no I/O.
 *
 * A1. A final execution refuses every event (X2).
 * A2. Events of an attempt that is not its step's current one in the current epoch are refused: late news is fenced.
 * A3. Everything that follows by itself (readiness, stop order, retries, outcome) happens in the same call (settle.ts).
 */
import { mergeOutputs, recordExit } from './attempt-exit.ts'
import type { Draft } from './draft.ts'
import { amendAttempt, amendStep, draftOf, executionOf, FRESH_STEP, moveStep } from './draft.ts'
import type { Transition } from './event.ts'
import type { Execution, ExecutionStatus } from './execution.ts'
import { currentAttempt, isFinal, isFinalStep } from './execution.ts'
import type { Appended, AttemptDetail, ExecutionEvent, Placed } from './execution-event.ts'
import type { AttemptId } from './identity.ts'
import { allocationIdOf, attemptKeyOf } from './identity.ts'
import type { Instant } from './instant.ts'
import { type LabelChange, labelChange } from './label-change.ts'
import { checkPlan } from './plan.ts'
import type { Reason } from './reason.ts'
import { reason } from './reason.ts'
import { failAwait, settle } from './settle.ts'
import { requestStop } from './stop-request.ts'

export type Advanced =
  | { readonly kind: 'advanced'; readonly execution: Execution; readonly transitions: readonly Transition[] }
  /** The event says nothing new, or comes too late. */
  | { readonly kind: 'refused'; readonly why: 'final' | 'stale' | 'nothing' }

/** An accepted execution before anything happened to it. */
export const newStatus = (steps: number): ExecutionStatus => ({
  state: 'pending',
  desired: 'run',
  steps: Array.from({ length: steps }, () => FRESH_STEP),
  appended: [],
  epoch: 0,
  retries: 0,
})

export function advance(execution: Execution, event: ExecutionEvent, now: Instant): Advanced {
  if (isFinal(execution)) return { kind: 'refused', why: 'final' }
  const draft = event.kind === 'due' ? draftOf(execution, Math.max(now, event.at), true) : draftOf(execution, now)
  const why = apply(draft, event)
  if (why) return { kind: 'refused', why }
  settle(draft)
  return { kind: 'advanced', execution: executionOf(draft), transitions: draft.transitions }
}

/** Applies the event itself; a string says why it is refused. */
function apply(draft: Draft, event: ExecutionEvent): 'stale' | 'nothing' | undefined {
  switch (event.kind) {
    case 'placed':
      return place(draft, event)
    case 'deferred':
      return defer(draft, event.reason)
    case 'stopRequested':
      return requestStop(draft, event.cause) ? undefined : 'nothing'
    case 'due':
      return undefined
    case 'awaited':
      return awaited(draft, event)
    case 'allocationClosed':
      return closed(draft, event.epoch)
    case 'attemptStarted':
      return ofAttempt(draft, event.attempt, (ordinal) => started(draft, ordinal, event.at, event.detail))
    case 'attemptDetail':
      return ofAttempt(draft, event.attempt, (ordinal) => detail(draft, ordinal, event.attempt, event.detail))
    case 'attemptWaiting':
      return ofAttempt(draft, event.attempt, (ordinal) => amendStep(draft, ordinal, { reason: event.reason }))
    case 'attemptExited':
      return ofAttempt(draft, event.attempt, (ordinal) => {
        if (event.startedAt !== undefined) started(draft, ordinal, event.startedAt, undefined)
        recordExit(draft, ordinal, event)
        if (event.closed && draft.steps.every((s) => isFinalStep(s.state))) closed(draft, draft.status.epoch)
      })
    case 'attemptHealth':
      return ofAttempt(draft, event.attempt, (ordinal) => health(draft, ordinal, event.health))
    case 'outputs':
      return ofAttempt(draft, event.attempt, (ordinal) => mergeOutputs(draft, ordinal, event.outputs))
    case 'progress':
      return ofAttempt(draft, event.attempt, (ordinal) => {
        amendStep(draft, ordinal, { progress: event.progress })
        draft.status.progress = event.progress
      })
    case 'labelled':
      return relabel(draft, event.set, event.remove)
    case 'appended':
      return ofAttempt(draft, event.attempt, () => append(draft, event))
  }
}

function place(draft: Draft, event: Placed): 'stale' | undefined {
  const status = draft.status
  if (status.allocation !== undefined || status.desired === 'stop') return 'stale'
  const epoch = status.epoch + 1
  status.epoch = epoch
  status.allocation = {
    id: allocationIdOf(draft.before.id, epoch),
    epoch,
    node: event.node,
    reserved: event.reserved,
    ports: event.ports,
    state: 'open',
    openedAt: draft.now,
    executors: event.executors,
  }
  status.placedAt ??= draft.now
  const limit = draft.before.submission.timeoutMs
  if (limit !== undefined) status.deadlineAt ??= draft.now + limit
  delete status.notBefore
  draft.transitions.push({ kind: 'allocation.opened', epoch, node: event.node })
  return undefined
}

function defer(draft: Draft, why: Reason): 'stale' | 'nothing' | undefined {
  if (draft.status.allocation !== undefined) return 'stale'
  const before = draft.status.reason
  if (before?.code === why.code && before.message === why.message) return 'nothing'
  draft.status.reason = why
  draft.transitions.push({ kind: 'execution.deferred', reason: why })
  return undefined
}

/** Runs `then` for the current attempt's step; anything else is stale (A2). */
function ofAttempt(draft: Draft, id: AttemptId, then: (ordinal: number) => void): 'stale' | undefined {
  const key = attemptKeyOf(id)
  const step = key && draft.steps[key.step]
  if (!key || !step || key.execution !== draft.before.id || isFinalStep(step.state) || step.state === 'waiting')
    return 'stale'
  const attempt = currentAttempt(step)
  if (attempt?.number !== key.number || attempt.epoch !== draft.status.epoch || attempt.exit) return 'stale'
  then(key.step)
  return undefined
}

function started(draft: Draft, ordinal: number, at: Instant, known: AttemptDetail | undefined): void {
  const step = draft.steps[ordinal]!
  if (currentAttempt(step)?.startedAt === undefined) amendAttempt(draft, ordinal, { ...known, startedAt: at })
  else if (known) amendAttempt(draft, ordinal, known)
  if (step.state === 'starting') moveStep(draft, ordinal, 'running', { startedAt: step.startedAt ?? at })
  else if (step.startedAt === undefined) amendStep(draft, ordinal, { startedAt: at })
  draft.status.startedAt ??= at
}

function detail(draft: Draft, ordinal: number, attempt: AttemptId, known: AttemptDetail): void {
  amendAttempt(draft, ordinal, known)
  draft.transitions.push({ kind: 'attempt.detail', step: draft.specs[ordinal]!.name, ordinal, attempt })
}

function health(draft: Draft, ordinal: number, seen: 'healthy' | 'unhealthy'): void {
  if (draft.steps[ordinal]!.health === seen) return
  amendStep(draft, ordinal, { health: seen })
  draft.transitions.push({ kind: 'step.health', step: draft.specs[ordinal]!.name, ordinal, health: seen })
}

function append(draft: Draft, event: Appended): void {
  const known = new Set(draft.specs.map((s) => s.name))
  const fresh = event.steps
    .map((spec, i) => ({ spec, executor: event.executors[i] ?? '' }))
    .filter(({ spec }) => !known.has(spec.name))
  if (fresh.length === 0) return
  const steps = fresh.map(({ spec }) => spec)
  const specs = [...draft.specs, ...steps]
  checkPlan({ steps: specs }, 'steps')
  draft.specs = specs
  draft.status.appended = [...draft.status.appended, ...steps]
  delete draft.ordinals
  for (const _ of fresh) draft.steps.push(FRESH_STEP)
  const allocation = draft.status.allocation!
  draft.status.allocation = { ...allocation, executors: [...allocation.executors, ...fresh.map((f) => f.executor)] }
  draft.transitions.push({ kind: 'steps.appended', names: steps.map((s) => s.name) })
}

function awaited(draft: Draft, event: Extract<ExecutionEvent, { kind: 'awaited' }>): 'stale' | 'nothing' | undefined {
  const step = draft.steps[event.step]
  if (step?.state !== 'starting' && step?.state !== 'running') return 'stale'
  if (event.execution && step.awaited !== event.execution) amendStep(draft, event.step, { awaited: event.execution })
  if (step.state === 'starting') {
    moveStep(draft, event.step, 'running')
  } else if (event.met === 'notYet') return 'nothing'
  if (event.met === 'yes') moveStep(draft, event.step, 'succeeded', { finishedAt: draft.now })
  if (event.met === 'never')
    failAwait(draft, event.step, event.reason ?? reason('awaited_failed', 'what it waited for did not come about'))
  return undefined
}

function relabel(draft: Draft, set: LabelChange['set'], remove: LabelChange['removed']): 'nothing' | undefined {
  const change = labelChange(draft.labels ?? draft.before.submission.labels, set, remove)
  if (!change) return 'nothing'
  draft.labels = change.labels
  draft.transitions.push(change.transition)
  return undefined
}

function closed(draft: Draft, epoch: number): 'stale' | undefined {
  const allocation = draft.status.allocation
  if (!allocation || allocation.epoch !== epoch || allocation.state === 'closed') return 'stale'
  draft.status.allocation = { ...allocation, state: 'closed', closedAt: draft.now }
  draft.transitions.push({ kind: 'allocation.closed', epoch, node: allocation.node })
  return undefined
}
