/** A service's phase as a function of its newest run (ona.md 4). */
import { currentAttempt, type Execution } from '../../../core/execution.ts'
import { killedAfterGrace } from '../../../core/facts.ts'
import type { ServiceRecord } from '../documents.ts'
import { ServicePhase } from '../gen/gitpod/v1/environment_automation_pb.js'

export function phaseOfService({ commands }: ServiceRecord, run: Execution | undefined): ServicePhase {
  if (run === undefined) return ServicePhase.STOPPED
  switch (run.status.state) {
    case 'pending':
    case 'starting':
      return ServicePhase.STARTING
    case 'running':
      return isReady(commands, run) ? ServicePhase.RUNNING : ServicePhase.STARTING
    case 'stopping':
      return ServicePhase.STOPPING
    case 'succeeded':
      return ServicePhase.STOPPED
    case 'failed':
    case 'lost':
      return ServicePhase.FAILED
    case 'cancelled':
      return stopFailed(commands, run) ? ServicePhase.FAILED : ServicePhase.STOPPED
  }
}

/** Without a `ready` command it is ready as soon as it runs. */
const isReady = ({ ready }: ServiceRecord['commands'], run: Execution): boolean =>
  ready === '' ? run.status.startedAt !== undefined : run.status.steps[0]?.health === 'healthy'

/** With a `stop` command the exit code is that command's. */
function stopFailed({ stop }: ServiceRecord['commands'], run: Execution): boolean {
  const step = run.status.steps[0]
  if (step === undefined) return false
  if (killedAfterGrace(step)) return true
  const code = currentAttempt(step)?.exit?.code
  return stop !== '' && code !== undefined && code !== 0
}
