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

/** What may follow what, one transition at a time. A final state has no successor. */
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

/**
 * The states that a stored execution in state `from` may be stored in next: those that transitions lead to, because
 * one commit may fold several, and `from` itself unless it is final. Stores repeat this as constraints.
 */
export function successorsOf(from: ExecutionState): readonly ExecutionState[] {
  const reached = new Set<ExecutionState>(EXECUTION_TRANSITIONS[from])
  for (const state of reached) for (const next of EXECUTION_TRANSITIONS[state]) reached.add(next)
  if (reached.size > 0) reached.add(from)
  return EXECUTION_STATES.filter((state) => reached.has(state))
}

const SUCCESSORS = new Map(EXECUTION_STATES.map((state) => [state, successorsOf(state)]))

export const mayFollow = (from: ExecutionState, to: ExecutionState): boolean => SUCCESSORS.get(from)!.includes(to)
