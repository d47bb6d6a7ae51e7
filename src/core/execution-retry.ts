import { describeExit, uptimeMs } from './attempt-exit.ts'
import type { Draft } from './draft.ts'
import { FRESH_STEP, moveExecution } from './draft.ts'
import type { StepStatus } from './execution.ts'
import { currentAttempt } from './execution.ts'
import type { Exit } from './exit.ts'
import { outcome } from './outcome.ts'
import { reason } from './reason.ts'
import { backoffMs, DEFAULT_BACKOFF, shouldRetry } from './retry-policy.ts'

/**
 * Tries the whole execution again, on a new allocation, instead of letting it end: only when its own policy asks for
 * it and nobody wanted it stopped. Attempts stay on record; outputs and the engine's own stop cause do not.
 */
export function retryExecution(draft: Draft): boolean {
  const policy = draft.before.submission.retry
  if (policy === undefined || draft.status.allocation === undefined || !engineStopped(draft)) return false
  const ended = outcome(draft)
  if (ended === 'succeeded' && policy.on !== 'any') return false
  const culprit = decisiveStep(draft)
  const exit: Exit = currentAttempt(culprit)?.exit ?? { outcome: 'refused' }
  const retry = draft.status.retries + 1
  if (!shouldRetry(policy, exit, retry, uptimeMs(culprit))) return false
  beginAgain(draft, retry, draft.now + backoffMs(policy.backoff ?? DEFAULT_BACKOFF, retry), exit)
  return true
}

const engineStopped = (draft: Draft): boolean => {
  const cause = draft.status.stopCause?.kind
  return cause === undefined || cause === 'essentialExit' || cause === 'essentialFailure'
}

function decisiveStep(draft: Draft): StepStatus {
  const essential = draft.steps.filter((_, i) => draft.specs[i]!.essential)
  return essential.find((s) => s.state === 'lost') ?? essential.find((s) => s.state === 'failed') ?? essential[0]!
}

function beginAgain(draft: Draft, retry: number, notBefore: number, exit: Exit): void {
  const why = reason('backoff', `the execution ended (${describeExit(exit)}); it is tried again`, { retries: retry })
  draft.transitions.push({ kind: 'execution.retrying', reason: why, retry, notBefore })
  for (const [i, step] of draft.steps.entries()) draft.steps[i] = { ...FRESH_STEP, attempts: step.attempts }
  draft.specs = draft.before.submission.plan.steps
  draft.steps.length = draft.specs.length
  const status = draft.status
  status.appended = []
  status.desired = 'run'
  status.retries = retry
  status.notBefore = notBefore
  status.reason = why
  delete status.stopCause
  delete status.allocation
  delete status.stoppingAt
  moveExecution(draft, 'pending', why)
}
