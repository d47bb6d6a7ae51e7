import type { Execution } from '../core/execution.ts'
import { stepsOf } from '../core/execution.ts'
import type { Candidate, WantedPort } from '../scheduler/snapshot.ts'
import type { ExecutorSet } from './executor-set.ts'

/** A pending execution as the scheduler sees it. */
export function candidateOf(execution: Execution, executors: ExecutorSet, order: number): Candidate {
  const { submission, status } = execution
  const steps = stepsOf(execution)
  return {
    execution: execution.id,
    tenant: execution.tenant,
    priority: submission.priority,
    order,
    reservation: submission.reservation,
    ports: wantedPorts(execution),
    placement: submission.placement,
    concurrency: submission.concurrency ?? [],
    ifNoRoom: submission.ifNoRoom,
    notBefore: status.notBefore ?? submission.notBefore,
    executors: steps.filter((s) => s.work.kind === 'run').map((s) => executors.kindsFor(s)),
    refs: submission.refs,
    waitingSince: status.notBefore ?? submission.acceptedAt,
  }
}

function wantedPorts(execution: Execution): readonly WantedPort[] {
  const wanted: WantedPort[] = []
  for (const [step, spec] of stepsOf(execution).entries()) {
    if (spec.work.kind !== 'run' || !spec.work.ports) continue
    for (const [index, port] of spec.work.ports.entries())
      wanted.push({ step, index, hostPort: port.hostPort ?? 0, protocol: port.protocol })
  }
  return wanted
}
