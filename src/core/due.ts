import { draftOf } from './draft.ts'
import type { Execution } from './execution.ts'
import { isFinal } from './execution.ts'
import type { Instant } from './instant.ts'
import { readiness } from './readiness.ts'
import { currentGroup } from './settle.ts'

/** The next instant at which something follows from time alone; undefined when nothing does. */
export function dueAt(execution: Execution, now: Instant): Instant | undefined {
  if (isFinal(execution)) return undefined
  const { status, submission } = execution
  const times: (number | undefined)[] = []
  if (!status.stopCause) {
    times.push(status.deadlineAt)
    if (!status.allocation) times.push(submission.expiresAt)
    if (status.allocation?.state === 'open' && hasTimedWaits(execution)) times.push(stepsDueAt(execution, now))
  }
  return times.reduce((a, b) => (b === undefined ? a : a === undefined ? b : Math.min(a, b)), undefined)
}

const hasTimedWaits = (e: Execution): boolean =>
  e.status.steps.some((s) => s.state === 'waiting') &&
  (e.status.steps.some((s) => s.notBefore !== undefined) ||
    e.submission.plan.steps.some((s) => s.startTimeoutMs !== undefined))

function stepsDueAt(execution: Execution, now: Instant): Instant | undefined {
  const draft = draftOf(execution, now)
  const group = currentGroup(draft)
  let soonest: Instant | undefined
  for (const [ordinal, step] of draft.steps.entries()) {
    if (step.state !== 'waiting') continue
    const ready = readiness(draft, ordinal)
    // Its time has come since the last event, while that was being committed.
    if (ready.is !== 'wait' && draft.specs[ordinal]!.group <= group) return now
    if (ready.is === 'wait' && ready.until !== undefined) soonest = Math.min(soonest ?? ready.until, ready.until)
  }
  return soonest
}
