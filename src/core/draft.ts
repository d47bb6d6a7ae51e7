/**
 * A draft: the working copy of one execution inside one `advance`. It owns the list of transitions being recorded and
 * sees to it that no state changes against the tables. It never leaves `advance`.
 */
import type { Transition } from './event.ts'
import type { Attempt, Execution, ExecutionState, ExecutionStatus, StepState, StepStatus } from './execution.ts'
import { currentAttempt, stepsOf } from './execution.ts'
import { attemptIdOf } from './identity.ts'
import type { Instant } from './instant.ts'
import type { Reason } from './reason.ts'
import type { StepSpec } from './step-spec.ts'
import { STEP_TRANSITIONS } from './step-state.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

export interface Draft {
  readonly before: Execution
  readonly status: Mutable<ExecutionStatus>
  readonly steps: StepStatus[]
  specs: readonly StepSpec[]
  readonly transitions: Transition[]
  readonly now: Instant
  /** An alarm rang. Limits strike only then, so that a wall clock set forward ends nothing early. */
  readonly rang: boolean
  /** Its labels, once they changed. */
  labels?: Readonly<Record<string, string>>
  /** By step name; made when first needed. */
  ordinals?: ReadonlyMap<string, number>
}

export const draftOf = (before: Execution, now: Instant, rang = false): Draft => {
  const steps = [...before.status.steps]
  return { before, status: { ...before.status, steps }, steps, specs: stepsOf(before), transitions: [], now, rang }
}

/** The finished execution: one version further. */
export const executionOf = (draft: Draft): Execution => ({
  ...draft.before,
  ...(draft.labels && { submission: { ...draft.before.submission, labels: draft.labels } }),
  status: { ...draft.status, steps: draft.steps },
  version: draft.before.version + 1,
})

export function ordinalOf(draft: Draft, name: string): number | undefined {
  draft.ordinals ??= new Map(draft.specs.map((s, i) => [s.name, i]))
  return draft.ordinals.get(name)
}

export const FRESH_STEP: StepStatus = { state: 'waiting', retries: 0, attempts: [], health: 'none', outputs: {} }

/** Moves a step, records the transition. A move the table forbids is a bug and throws. */
export function moveStep(draft: Draft, ordinal: number, to: StepState, change: Partial<StepStatus> = {}): void {
  const step = draft.steps[ordinal]!
  if (!STEP_TRANSITIONS[step.state].includes(to))
    throw new Error(`step ${ordinal}: ${step.state} → ${to} is not a move`)
  const next = withoutUndefined({ ...step, ...change, state: to })
  draft.steps[ordinal] = next
  draft.transitions.push(stepTransition(draft, ordinal, step.state, next))
}

function stepTransition(draft: Draft, ordinal: number, from: StepState, next: StepStatus): Transition {
  const attempt = next.attempts.length > 0 ? currentAttempt(next) : undefined
  const hasExit = attempt?.exit !== undefined && next.state !== 'starting' && next.state !== 'waiting'
  return {
    kind: 'step.state',
    step: draft.specs[ordinal]!.name,
    ordinal,
    from,
    to: next.state,
    ...(attempt && { attempt: attemptIdOf(draft.before.id, ordinal, attempt.number) }),
    ...(hasExit && { exit: attempt.exit }),
    ...(next.reason && { reason: next.reason }),
  }
}

/** Changes a step without moving it. */
export function amendStep(draft: Draft, ordinal: number, change: Partial<StepStatus>): void {
  draft.steps[ordinal] = withoutUndefined({ ...draft.steps[ordinal]!, ...change })
}

export function amendAttempt(draft: Draft, ordinal: number, change: Partial<Attempt>): void {
  const step = draft.steps[ordinal]!
  const attempts = step.attempts.map((a, i) => (i === step.attempts.length - 1 ? { ...a, ...change } : a))
  amendStep(draft, ordinal, { attempts })
}

export function moveExecution(draft: Draft, to: ExecutionState, why: Reason | undefined): void {
  const from = draft.status.state
  if (from === to) return
  draft.status.state = to
  draft.transitions.push({ kind: 'execution.state', from, to, ...(why && { reason: why }) })
}

/** `exactOptionalPropertyTypes`: a field set to undefined means "remove it". Copied, not deleted from: V8 keeps an object
 *  that lost a field as a dictionary, slow for everyone who reads it later. */
export function withoutUndefined<T extends object>(value: T): T {
  const kept: Partial<T> = {}
  for (const key in value) if (value[key] !== undefined) kept[key] = value[key]
  return kept as T
}
