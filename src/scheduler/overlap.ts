import type { ExecutionId } from '../core/identity.ts'
import type { Schedule } from '../core/task.ts'

/** What to do when a schedule's time has come. */
export type OverlapDecision =
  | { readonly kind: 'run' }
  /** `behind` is still active. */
  | { readonly kind: 'skip'; readonly behind: ExecutionId }
  /** Run, after stopping these. */
  | { readonly kind: 'replace'; readonly stop: readonly ExecutionId[] }

/** `active`: the schedule's executions that are not final, pending ones too. */
export function decideOverlap(overlap: Schedule['overlap'], active: readonly ExecutionId[]): OverlapDecision {
  const first = active[0]
  if (first === undefined || overlap === 'allow') return { kind: 'run' }
  return overlap === 'skip' ? { kind: 'skip', behind: first } : { kind: 'replace', stop: active }
}
