import { EngineError } from '../core/engine-error.ts'
import type { Execution } from '../core/execution.ts'
import { isFinal } from '../core/execution.ts'
import { FIRST_EXECUTION_STATES } from '../core/execution-state.ts'

/** Which rule a commit broke; `facts.rule` of a `conflict`. */
export type Rule = 'exists' | 'version' | 'state' | 'active'

const MESSAGES: Readonly<Record<Rule, string>> = {
  exists: 'is there already',
  version: 'is not at the expected version',
  state: 'may not change to that state',
  active: 'is not final and cannot be removed',
}

export const conflict = (subject: 'execution' | 'document', id: string, rule: Rule): EngineError =>
  new EngineError('conflict', `${subject} ${id} ${MESSAGES[rule]}`, { subject, id, rule })

/** The cursor belongs to another store, or what follows it was pruned. */
export const unknownCursor = (cursor: string): EngineError =>
  new EngineError('not_found', 'this position is no longer kept, or is of another store', {
    subject: 'cursor',
    id: cursor,
  })

export const closed = (): EngineError => new EngineError('unavailable', 'the store is closed', { subject: 'store' })

/** Throws `conflict` unless the execution may be stored for the first time. */
export function checkFirst(execution: Execution): void {
  if (!FIRST_EXECUTION_STATES.includes(execution.status.state)) throw conflict('execution', execution.id, 'state')
  checkFinish(execution)
}

/** Throws `conflict` unless `finishedAt` is there exactly when the state is final. */
export function checkFinish(execution: Execution): void {
  if (isFinal(execution) !== (execution.status.finishedAt !== undefined))
    throw conflict('execution', execution.id, 'state')
}
