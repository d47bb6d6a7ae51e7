/**
 * Facts: what presenters ask of an execution beyond its state. Derived, never stored; a vendor's status is a face's
 * function of them.
 */
import type { Attempt, Execution, StepStatus } from './execution.ts'
import { currentAttempt, isFinal, isFinalStep, stepsOf } from './execution.ts'
import type { Instant } from './instant.ts'

/** Whether a program of this step ever ran. */
export const everStarted = (step: StepStatus): boolean =>
  step.startedAt !== undefined || step.attempts.some((a) => a.startedAt !== undefined)

/** Wanted stopped, or over. */
export const stopWanted = (e: Execution): boolean => e.status.desired === 'stop' || isFinal(e)

/** Every step is over, though its place may not have been given back yet. Trying again may still revive it. */
export const allEnded = (e: Execution): boolean => e.status.steps.every((s) => isFinalStep(s.state))

/**
 * When the last of its steps had started, or was over without ever starting. Undefined while one is still to start, when
 * an essential one never did, and when a stop kept one from starting.
 */
export function allStartedAt(e: Execution): Instant | undefined {
  const specs = stepsOf(e)
  let last: Instant | undefined
  for (const [i, step] of e.status.steps.entries()) {
    const at = firstStartOf(step) ?? endWithoutStart(e, step, specs[i]?.essential ?? true)
    if (at === undefined) return undefined
    last = Math.max(last ?? at, at)
  }
  return last
}

const firstStartOf = (step: StepStatus): Instant | undefined =>
  least([step.startedAt, ...step.attempts.map((a) => a.startedAt)])

function endWithoutStart(e: Execution, step: StepStatus, essential: boolean): Instant | undefined {
  if (essential || step.finishedAt === undefined) return undefined
  const { stoppingAt } = e.status
  return stoppingAt === undefined || step.finishedAt < stoppingAt ? step.finishedAt : undefined
}

/** When an essential step that had run first ended. */
export function firstEssentialEndAt(e: Execution): Instant | undefined {
  const specs = stepsOf(e)
  const ends = e.status.steps.filter((s, i) => specs[i]?.essential && everStarted(s) && isFinalStep(s.state))
  return least(ends.map((s) => s.finishedAt))
}

/** Names of essential steps that ended without ever starting, by no one's wish. */
export function essentialNeverStarted(e: Execution): readonly string[] {
  const specs = stepsOf(e)
  return e.status.steps.flatMap((s, i) =>
    specs[i]?.essential && !everStarted(s) && (s.state === 'failed' || neverReady(s)) ? [specs[i]!.name] : [],
  )
}

/** Skipped because a condition could not hold any more, not because all was stopped. */
export const neverReady = (step: StepStatus): boolean =>
  step.state === 'skipped' && (step.reason?.code === 'condition_never' || step.reason?.code === 'condition_timeout')

/** It outlived its grace period and was killed. */
export const killedAfterGrace = (step: StepStatus): boolean => currentAttempt(step)?.exit?.killedAfterGrace === true

/** Every attempt of every step. */
export const attemptsOf = (e: Execution): readonly Attempt[] => e.status.steps.flatMap((s) => s.attempts)

export const firstPullAt = (e: Execution): Instant | undefined => least(attemptsOf(e).map((a) => a.pullStartedAt))

export function lastPullEndAt(e: Execution): Instant | undefined {
  const ends = attemptsOf(e).flatMap((a) => (a.pullStoppedAt === undefined ? [] : [a.pullStoppedAt]))
  return ends.length === 0 ? undefined : Math.max(...ends)
}

function least(values: readonly (Instant | undefined)[]): Instant | undefined {
  const known = values.filter((v) => v !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}
