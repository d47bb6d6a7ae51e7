/** What an execution's state is: derived from its steps, its allocation and its stop cause, nowhere else. */
import type { Draft } from './draft.ts'
import type { ExecutionState, StepStatus } from './execution.ts'
import { isFinalStep } from './execution.ts'
import type { Reason } from './reason.ts'
import { reason } from './reason.ts'

export function derivedState(draft: Draft): ExecutionState {
  const { allocation, stopCause, epoch } = draft.status
  const held = allocation !== undefined && allocation.state !== 'closed'
  if (!held && draft.steps.every((s) => isFinalStep(s.state))) return outcome(draft)
  if (!held) return 'pending'
  if (stopCause) return 'stopping'
  return draft.steps.some((s) => begun(s, epoch)) ? 'running' : 'starting'
}

const begun = (step: StepStatus, epoch: number): boolean =>
  step.attempts.some((a) => a.epoch === epoch && a.startedAt !== undefined)

/** How a finished execution ended. Essential steps decide; a step that the engine stopped is no failure. */
export function outcome(draft: Draft): 'succeeded' | 'failed' | 'cancelled' | 'lost' {
  const essential = draft.steps.filter((_, i) => draft.specs[i]!.essential)
  if (essential.some((s) => s.state === 'lost')) return 'lost'
  const cause = draft.status.stopCause?.kind
  if (cause === 'user' || cause === 'concurrency' || cause === 'engine' || cause === 'nodeLost')
    return essential.every((s) => s.state === 'succeeded') ? 'succeeded' : 'cancelled'
  if (cause === 'timeout' || cause === 'expired' || cause === 'essentialFailure') return 'failed'
  if (essential.some((s) => s.state === 'failed')) return 'failed'
  const skipsCount = cause !== 'essentialExit' || !essential.some((s) => s.state === 'succeeded')
  return skipsCount && essential.some((s) => s.state === 'skipped') ? 'failed' : 'succeeded'
}

/** Why it ended so: the stop cause, unless a step's own trouble says more. */
export function outcomeReason(draft: Draft, state: ExecutionState): Reason | undefined {
  if (state === 'succeeded') return undefined
  const culprit = culpritOf(draft)
  const cause = draft.status.stopCause
  if (cause && state !== 'lost' && cause.kind !== 'essentialExit' && cause.kind !== 'essentialFailure')
    return cause.reason
  if (!culprit) return cause?.reason
  const name = draft.specs[culprit.ordinal]!.name
  const inner = culprit.step.reason ?? reason('exit_code', `it is ${culprit.step.state}`)
  return draft.specs.length === 1
    ? inner
    : { ...inner, message: `step ${name}: ${inner.message}`, facts: { ...inner.facts, step: name } }
}

/** The essential step that ended first among the worst. */
function culpritOf(draft: Draft): { readonly ordinal: number; readonly step: StepStatus } | undefined {
  for (const state of ['lost', 'failed', 'skipped', 'stopped'] as const) {
    const found = draft.steps
      .map((step, ordinal) => ({ step, ordinal }))
      .filter(({ step, ordinal }) => step.state === state && draft.specs[ordinal]!.essential)
      .sort((a, b) => (a.step.finishedAt ?? 0) - (b.step.finishedAt ?? 0))
    if (found[0]) return found[0]
  }
  return undefined
}
