/** The vendor's phases as functions of the core's facts (ona.md 4). A stop that needed SIGKILL is a failure. */
import { type Execution, type StepState, type StepStatus, stepsOf } from '../../../core/execution.ts'
import { killedAfterGrace } from '../../../core/facts.ts'
import { TaskExecutionPhase } from '../gen/gitpod/v1/environment_automation_pb.js'
import { factsOf } from '../task/step-label.ts'

export function phaseOf(e: Execution): TaskExecutionPhase {
  switch (e.status.state) {
    case 'pending':
    case 'starting':
      return hasBegun(e) ? TaskExecutionPhase.RUNNING : TaskExecutionPhase.PENDING
    case 'running':
    case 'stopping':
      return TaskExecutionPhase.RUNNING
    case 'succeeded':
      return TaskExecutionPhase.SUCCEEDED
    case 'failed':
    case 'lost':
      return TaskExecutionPhase.FAILED
    case 'cancelled':
      return e.status.steps.some(killedAfterGrace) ? TaskExecutionPhase.FAILED : TaskExecutionPhase.STOPPED
  }
}

/** A step that waits for a service runs, although no program of the execution does yet. */
const hasBegun = (e: Execution): boolean =>
  e.status.startedAt !== undefined ||
  e.status.steps.some((step, i) => step.state === 'running' && factsOf(stepsOf(e)[i]!) !== undefined)

/** Undefined for a step that never began: the vendor leaves it out. */
export function phaseOfStep(step: StepStatus): TaskExecutionPhase | undefined {
  const phase = STEP_PHASES[step.state]
  return phase === TaskExecutionPhase.STOPPED && killedAfterGrace(step) ? TaskExecutionPhase.FAILED : phase
}

const STEP_PHASES: Readonly<Record<StepState, TaskExecutionPhase | undefined>> = {
  waiting: undefined,
  skipped: undefined,
  starting: TaskExecutionPhase.PENDING,
  running: TaskExecutionPhase.RUNNING,
  stopping: TaskExecutionPhase.RUNNING,
  succeeded: TaskExecutionPhase.SUCCEEDED,
  failed: TaskExecutionPhase.FAILED,
  lost: TaskExecutionPhase.FAILED,
  stopped: TaskExecutionPhase.STOPPED,
}
