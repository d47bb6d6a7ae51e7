import { draftOf } from './draft.ts'
import type { Execution } from './execution.ts'
import { isFinal, stepsOf } from './execution.ts'
import { expiryOf } from './expiry.ts'
import type { Instant } from './instant.ts'
import { readiness } from './readiness.ts'
import { currentGroup } from './settle.ts'

/** The next instant at which something follows from time alone; undefined when nothing does. */
export function dueAt(execution: Execution, now: Instant): Instant | undefined {
  if (isFinal(execution)) return undefined
  const { status, submission } = execution
  const times: (number | undefined)[] = []
  if (!status.stopCause) {
    times.push(status.deadlineAt, awaitsDueAt(execution))
    times.push(expiryOf(submission, status))
    if (hasTimedWaits(execution)) times.push(stepsDueAt(execution, now))
  }
  return times.reduce((a, b) => (b === undefined ? a : a === undefined ? b : Math.min(a, b)), undefined)
}

/** Limits of await steps; those of programs are their executor's business. */
function awaitsDueAt(execution: Execution): Instant | undefined {
  const specs = stepsOf(execution)
  let soonest: Instant | undefined
  for (const [ordinal, step] of execution.status.steps.entries()) {
    const { work, timeoutMs } = specs[ordinal]!
    if (work.kind !== 'await' || timeoutMs === undefined || step.startedAt === undefined) continue
    if (step.state !== 'starting' && step.state !== 'running') continue
    soonest = Math.min(soonest ?? Number.POSITIVE_INFINITY, step.startedAt + timeoutMs)
  }
  return soonest
}

const hasTimedWaits = (e: Execution): boolean =>
  e.status.steps.some((s) => s.state === 'waiting') &&
  (e.status.steps.some((s) => s.notBefore !== undefined) || stepsOf(e).some((s) => s.startTimeoutMs !== undefined))

function stepsDueAt(execution: Execution, now: Instant): Instant | undefined {
  const draft = draftOf(execution, now)
  const group = currentGroup(draft)
  const placed = execution.status.allocation?.state === 'open'
  let soonest: Instant | undefined
  for (const [ordinal, step] of draft.steps.entries()) {
    // Without a place only await steps begin; programs wait for the scheduler, not for time.
    if (step.state !== 'waiting' || !(placed || draft.specs[ordinal]!.work.kind === 'await')) continue
    const ready = readiness(draft, ordinal)
    // Its time has come since the last event, while that was being committed.
    if (ready.is !== 'wait' && draft.specs[ordinal]!.group <= group) return now
    if (ready.is === 'wait' && ready.until !== undefined) soonest = Math.min(soonest ?? ready.until, ready.until)
  }
  return soonest
}
