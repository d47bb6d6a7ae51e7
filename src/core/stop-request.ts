import type { Draft } from './draft.ts'
import type { StopCause } from './execution.ts'

/** Sets the stop cause, once: the first one counts (X3). Returns whether this one did. */
export function requestStop(draft: Draft, cause: Omit<StopCause, 'at'>): boolean {
  if (draft.status.stopCause) return false
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
