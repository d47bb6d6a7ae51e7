/**
 * Cloud Foundry's task states and failure reasons as functions of an execution (reference 1.6). The cell's own words are
 * Diego's: executor `run_step.go`, bbs `task_db.go`, cloud_controller_ng `tasks_sync.rb`.
 */
import { currentAttempt, type Execution } from '../../../core/execution.ts'
import { type Exit, shellCode } from '../../../core/exit.ts'
import type { TaskState } from './task-record.ts'

export function taskStateOf({ status }: Execution): TaskState {
  switch (status.state) {
    case 'succeeded':
      return 'SUCCEEDED'
    case 'failed':
    case 'cancelled':
    case 'lost':
      return 'FAILED'
    case 'pending':
      return status.stopCause?.kind === 'user' ? 'CANCELING' : 'PENDING'
    case 'starting':
    case 'running':
    case 'stopping':
      return status.stopCause?.kind === 'user' ? 'CANCELING' : 'RUNNING'
  }
}

export const exitOf = (e: Execution): Exit | undefined => {
  const step = e.status.steps[0]
  return step && currentAttempt(step)?.exit
}

/** Null unless it failed. */
export function failureOf(e: Execution, name: string): string | null {
  const { state, stopCause, reason } = e.status
  if (taskStateOf(e) !== 'FAILED') return null
  if (state === 'cancelled' || stopCause?.kind === 'user') return 'task was cancelled'
  if (stopCause?.kind === 'expired') return 'Task expired in PENDING state'
  if (stopCause?.kind === 'timeout') return exceeded(e)
  const exit = exitOf(e)
  return exit ? failureOfExit(exit, name, e) : (reason?.message ?? 'Unable to determine completion status')
}

const exceeded = ({ submission }: Execution): string => `exceeded ${seconds(submission.timeoutMs ?? 0)} timeout`

function failureOfExit(exit: Exit, name: string, e: Execution): string {
  const status = `APP/TASK/${name}: Exited with status ${shellCode(exit) ?? 1}`
  switch (exit.outcome) {
    case 'exited':
      return status
    case 'signaled':
      return exit.reason?.code === 'disk_limit' ? `${status} (disk limit)` : status
    case 'outOfMemory':
      return `${status} (out of memory)`
    case 'timedOut':
      // The program's cell was first to see it.
      return exceeded(e)
    case 'lost':
      return 'Unable to determine completion status'
    case 'refused':
      return `failed to run container: ${exit.reason?.message ?? 'refused'}`
  }
}

const seconds = (ms: number): string => `${ms / 1_000}s`
