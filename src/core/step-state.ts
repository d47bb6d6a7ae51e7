import type { StepState } from './execution.ts'

/** The state table of a step. `waiting` again after `running` is a retry. */
export const STEP_TRANSITIONS: Readonly<Record<StepState, readonly StepState[]>> = {
  waiting: ['starting', 'skipped', 'stopped'],
  starting: ['running', 'waiting', 'stopping', 'succeeded', 'failed', 'stopped', 'lost'],
  running: ['waiting', 'stopping', 'succeeded', 'failed', 'stopped', 'lost'],
  stopping: ['stopped', 'failed', 'lost', 'succeeded'],
  // Final within an epoch; a retry of the whole execution begins a new one.
  succeeded: ['waiting'],
  failed: ['waiting'],
  stopped: ['waiting'],
  skipped: ['waiting'],
  lost: ['waiting'],
}
