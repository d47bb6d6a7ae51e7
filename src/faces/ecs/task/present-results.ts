import type { SubmitResult } from '../../../engine/submission-request.ts'
import type { Call } from '../operation.ts'
import type { Failure, Refused } from './failures.ts'
import { presentTask, type WireTask } from './present-task.ts'
import { taskRecordOf } from './task-record.ts'

export interface WireResults {
  readonly tasks: readonly WireTask[]
  readonly failures: readonly Failure[]
}

/** What RunTask and StartTask answer: tasks with the tags they were given, and why the others were refused. */
export function presentResults(
  { home }: Call,
  results: readonly SubmitResult[],
  failuresOf: (refused: Refused, index: number) => readonly Failure[],
): WireResults {
  return {
    tasks: results.flatMap((r) =>
      r.kind === 'accepted' ? [presentTask(home, r.execution, taskRecordOf(r.execution)!.tags)] : [],
    ),
    failures: results.flatMap((r, i) => (r.kind === 'refused' ? failuresOf(r, i) : [])),
  }
}
