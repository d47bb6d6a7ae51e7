import type { Execution } from '../../../core/execution.ts'
import type { Call } from '../operation.ts'
import { engineExecutions } from '../task/engine-executions.ts'
import { lastStatusOf } from '../task/life-cycle.ts'
import { taskRecordOf } from '../task/task-record.ts'

export interface ClusterCounts {
  readonly running: number
  readonly pending: number
  readonly runningFargate: number
  readonly pendingFargate: number
}

/** Over the tasks of the cluster that have not stopped. */
export async function clusterCounts(call: Call, cluster: string): Promise<ClusterCounts> {
  const counts = { running: 0, pending: 0, runningFargate: 0, pendingFargate: 0 }
  for await (const e of engineExecutions(call, { active: true, refs: { 'ecs.cluster': cluster } })) add(counts, e)
  return counts
}

function add(counts: { -readonly [K in keyof ClusterCounts]: number }, e: Execution): void {
  const record = taskRecordOf(e)
  if (!record) return
  const status = lastStatusOf(e, record)
  const fargate = record.launchType === 'FARGATE' || record.capacityProviderName !== undefined
  if (status === 'RUNNING') {
    counts.running++
    if (fargate) counts.runningFargate++
  } else if (status === 'PENDING' || status === 'PROVISIONING') {
    counts.pending++
    if (fargate) counts.pendingFargate++
  }
}
