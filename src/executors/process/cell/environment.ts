import { join } from 'node:path'
import type { AttemptId } from '../../../core/identity.ts'
import type { Work } from '../../../core/ports/executor.ts'
import { directoryNameOf } from './places.ts'
import { DEFAULT_PATH } from './program-plan.ts'
import type { User } from './users.ts'

/**
 * A clean environment: what the step says, and where it is. Nothing of the server's. `workspace` is the path as the
 * program sees it; with `frozen` it can write nothing, so no outputs either.
 */
export function environmentOf(
  attempt: AttemptId,
  work: Work,
  workspace: string,
  user: User | undefined,
  frozen = false,
): Readonly<Record<string, string>> {
  const [execution = '', ...rest] = attempt.split(':')
  const suffix = directoryNameOf(rest.join(':') || attempt)
  const writable = {
    TASKPORT_OUTPUTS: join(workspace, `.taskport-outputs-${suffix}`),
    TASKPORT_PROGRESS: join(workspace, `.taskport-progress-${suffix}`),
  }
  return {
    PATH: DEFAULT_PATH,
    HOME: workspace,
    ...(user === undefined ? {} : { USER: user.name, LOGNAME: user.name }),
    ...portsOf(work),
    ...work.env,
    TASKPORT_ATTEMPT: attempt,
    TASKPORT_EXECUTION: execution,
    TASKPORT_STEP: work.step,
    TASKPORT_WORKSPACE: workspace,
    ...(frozen ? {} : writable),
  }
}

function portsOf(work: Work): Record<string, string> {
  const ports: Record<string, string> = {}
  work.run.ports?.forEach((port, i) => {
    if (port.env !== undefined) ports[port.env] = String(work.hostPorts[i] ?? port.hostPort ?? port.port)
  })
  return ports
}
