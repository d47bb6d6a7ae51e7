import type { ExecutionState } from './execution.ts'

/** The closed set, in the order of a life. */
export const EXECUTION_STATES: readonly ExecutionState[] = [
  'pending',
  'starting',
  'running',
  'stopping',
  'succeeded',
  'failed',
  'cancelled',
  'lost',
]

/** The states an execution may be first stored in: acceptance, placement and start may be one commit, and a
 *  submission may be refused at once. */
export const FIRST_EXECUTION_STATES: readonly ExecutionState[] = ['pending', 'starting', 'running', 'failed']

/**
 * What may follow what. Staying in a state is no transition and is allowed for every state that has successors; a
 * final one has none. Stores repeat this table as constraints.
 */
export const EXECUTION_TRANSITIONS: Readonly<Record<ExecutionState, readonly ExecutionState[]>> = {
  pending: ['starting', 'failed', 'cancelled', 'lost'],
  starting: ['running', 'stopping', 'pending', 'succeeded', 'failed', 'cancelled', 'lost'],
  running: ['stopping', 'pending', 'succeeded', 'failed', 'cancelled', 'lost'],
  stopping: ['pending', 'succeeded', 'failed', 'cancelled', 'lost'],
  succeeded: [],
  failed: [],
  cancelled: [],
  lost: [],
}

/** Whether a stored execution in state `from` may be stored in state `to` next. */
export const mayFollow = (from: ExecutionState, to: ExecutionState): boolean =>
  EXECUTION_TRANSITIONS[from].includes(to) || (from === to && EXECUTION_TRANSITIONS[from].length > 0)
