import { currentAttempt, type Execution, type StepStatus, stepsOf } from '../../../core/execution.ts'
import { shellCode } from '../../../core/exit.ts'
import { everStarted } from '../../../core/facts.ts'

const CONDITIONS = { started: 'START', completed: 'COMPLETE', succeeded: 'SUCCESS', healthy: 'HEALTHY' } as const

/** Why a container that waited for another one never got its turn, in the words of `dependsOn`. */
export function dependencyProblem(e: Execution, ordinal: number): string {
  const why = e.status.steps[ordinal]?.reason
  const name = why?.facts?.step
  const at = stepsOf(e).findIndex((s) => s.name === name)
  const until = stepsOf(e)[ordinal]?.conditions?.find((c) => c.step === name)?.until
  const target = e.status.steps[at]
  if (!target || !until) return why?.message ?? 'it waited in vain'
  const limit = stepsOf(e)[at]?.startTimeoutMs
  const problem =
    why?.code === 'condition_timeout'
      ? `which took longer than its start timeout of ${(limit ?? 0) / 1000} seconds`
      : `which ${endOf(target)}`
  return `it depends on container ${name} (${CONDITIONS[until]}), ${problem}`
}

function endOf(target: StepStatus): string {
  if (!everStarted(target)) return 'did not start'
  const exit = currentAttempt(target)?.exit
  const code = exit && shellCode(exit)
  return code === undefined ? 'stopped' : `stopped with exit code ${code}`
}
