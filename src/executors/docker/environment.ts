import type { AttemptId } from '../../core/identity.ts'
import type { Work } from '../../core/ports/executor.ts'

/** Where the allocation's workspace is inside its containers. */
export const WORKSPACE = '/workspace'

/** The outputs file of an attempt, inside its container. */
export const outputsPathOf = (attempt: AttemptId): string => `${WORKSPACE}/.taskport-outputs-${fileSuffixOf(attempt)}`

/** Where a program may write how far it is, `42 message` a line. */
export const progressPathOf = (attempt: AttemptId): string => `${WORKSPACE}/.taskport-progress-${fileSuffixOf(attempt)}`

const fileSuffixOf = (attempt: AttemptId): string =>
  attempt.slice(attempt.indexOf(':') + 1).replaceAll(/[^A-Za-z0-9_.-]/g, '.')

/** What the image's own environment gets on top: what the step says, and where it is. */
export function environmentOf(attempt: AttemptId, work: Work): Readonly<Record<string, string>> {
  return {
    ...portsOf(work),
    ...work.env,
    TASKPORT_ATTEMPT: attempt,
    TASKPORT_EXECUTION: attempt.split(':')[0] ?? '',
    TASKPORT_STEP: work.step,
    ...(work.run.sandbox?.writable === 'none'
      ? {}
      : {
          TASKPORT_WORKSPACE: WORKSPACE,
          TASKPORT_OUTPUTS: outputsPathOf(attempt),
          TASKPORT_PROGRESS: progressPathOf(attempt),
        }),
  }
}

/** Inside a network of its own a program listens on the port it named: the host's port is only told. */
function portsOf(work: Work): Record<string, string> {
  const ports: Record<string, string> = {}
  work.run.ports?.forEach((port, i) => {
    if (port.env !== undefined) ports[port.env] = String(work.hostPorts[i] ?? port.hostPort ?? port.port)
  })
  return ports
}
