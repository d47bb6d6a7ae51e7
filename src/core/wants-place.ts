import { draftOf } from './draft.ts'
import type { Execution } from './execution.ts'
import { readiness } from './readiness.ts'
import { currentGroup } from './settle.ts'

/**
 * Whether a pending execution needs a node now: some program could begin if it had one. An execution that can only wait
 * for another one does not: held places could wait for each other for ever.
 */
export function wantsPlace(execution: Execution): boolean {
  const { status, submission } = execution
  if (status.state !== 'pending' || status.allocation !== undefined || status.desired === 'stop') return false
  if (submission.plan.steps.every((s) => s.work.kind === 'run')) return true
  const draft = draftOf(execution, submission.acceptedAt)
  const group = currentGroup(draft)
  return draft.steps.some((step, ordinal) => {
    const { work, group: own } = draft.specs[ordinal]!
    return step.state === 'waiting' && work.kind === 'run' && own <= group && readiness(draft, ordinal).is === 'ready'
  })
}
