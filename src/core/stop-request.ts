import type { Draft } from './draft.ts'
import type { StopCause } from './execution.ts'

/** Sets the stop cause, once: the first one counts; a later one may only be less patient (X3). Returns whether it counted. */
export function requestStop(draft: Draft, cause: Omit<StopCause, 'at'>): boolean {
  const { stopCause } = draft.status
  if (stopCause) return shortenGrace(draft, stopCause, cause.graceMs)
  draft.status.desired = 'stop'
  draft.status.stopCause = { ...cause, at: draft.now }
  draft.status.stoppingAt ??= draft.now
  draft.transitions.push({
    kind: 'execution.stopRequested',
    reason: cause.reason,
    ...(cause.by !== undefined && { by: cause.by }),
  })
  return true
}

function shortenGrace(draft: Draft, present: StopCause, graceMs: number | undefined): boolean {
  if (graceMs === undefined || (present.graceMs !== undefined && present.graceMs <= graceMs)) return false
  draft.status.stopCause = { ...present, graceMs }
  draft.transitions.push({ kind: 'execution.stopRequested', reason: present.reason })
  return true
}
