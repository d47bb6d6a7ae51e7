/** How an activity ended, in words for whoever reads its log. */
import { currentAttempt, type Execution, stepsOf } from '../../../core/execution.ts'
import { awaitedActivity } from '../deployment/deployments-under-way.ts'
import { GRACE_MS, STEP } from '../task/plan-of-run.ts'
import type { ActivityRecord } from './activity-record.ts'
import { culpritOf, isBuild } from './life-cycle.ts'

/** Only a declared limit may kill, and it is named. Undefined where all went well. */
export function closingText(e: Execution, record: ActivityRecord): string | undefined {
  const { state, reason, stopCause } = e.status
  if (state === 'succeeded') return undefined
  if (state === 'cancelled') return `The activity was cancelled: ${stopCause?.reason.message ?? reason?.message ?? ''}`
  const cause = commandText(e, record) ?? causeElsewhere(e, record)
  return cause ?? (reason ? `The activity failed: ${reason.message}` : 'The activity failed')
}

function commandText(e: Execution, { timeoutSeconds }: ActivityRecord): string | undefined {
  const ordinal = stepsOf(e).findIndex(({ name, work }) => name === STEP.run && work.kind === 'run')
  const exit = ordinal === -1 ? undefined : currentAttempt(e.status.steps[ordinal]!)?.exit
  switch (exit?.outcome) {
    case 'timedOut': {
      const killed = exit.killedAfterGrace ? `, and SIGKILL ${GRACE_MS / 1_000} seconds later` : ''
      const limit = `${timeoutSeconds} ${timeoutSeconds === 1 ? 'second' : 'seconds'}`
      return `The command ran longer than run.timeout (${limit}) and was sent SIGTERM${killed}`
    }
    case 'outOfMemory':
      return 'The task used more memory than its container profile gives it and was killed'
    case 'exited':
      return `The command exited with code ${exit.code}`
    case 'signaled':
      return `The command was ended by ${exit.signal}`
    default:
      return undefined
  }
}

/** What it waited for: a build, or the deployment that it was to be made on top of. */
export function causeElsewhere(e: Execution, { task }: ActivityRecord): string | undefined {
  const { spec, step } = culpritOf(e) ?? {}
  if (spec?.work.kind !== 'await') return undefined
  if (!isBuild(spec)) return `The activity ${awaitedActivity(spec)}, on which this one was to build, did not succeed`
  const state = step?.reason?.facts?.state
  return `The build of the task ${task ?? spec.name} ${state === 'failed' ? 'failed' : `did not end well (${state})`}`
}
