import type { NodeShortfall, SubmitResult } from '../../../engine/submission-request.ts'
import { instanceArn } from '../arn.ts'
import type { ContainerInstance } from '../instance/container-instance.ts'
import type { Call } from '../operation.ts'

export interface Failure {
  readonly arn?: string
  readonly reason: string
  readonly detail?: string
}

export type Refused = Extract<SubmitResult, { kind: 'refused' }>

/** What each lack is called (reference ecs.md 4.5). */
const REASONS: Readonly<Record<NodeShortfall['lacks'], string>> = {
  cpu: 'RESOURCE:CPU',
  memory: 'RESOURCE:MEMORY',
  ports: 'RESOURCE:PORTS',
  slots: 'RESOURCE:ENI',
  constraint: 'ATTRIBUTE',
  distinct: 'ATTRIBUTE',
  executor: 'ATTRIBUTE',
  draining: 'INACTIVE',
  gone: 'AGENT',
}

const DETAILS: Partial<Record<NodeShortfall['lacks'], string>> = {
  constraint: 'MemberOf placement constraint unsatisfied.',
  distinct: 'DistinctInstance placement constraint unsatisfied.',
}

/** One failure for every instance of the cluster that could not take the task. */
export function failuresOf(call: Call, refused: Refused, instances: readonly ContainerInstance[]): readonly Failure[] {
  const failures = refused.shortfalls.flatMap((shortfall) => {
    const instance = instances.find((i) => i.nodeId === shortfall.node)
    return instance && instance.status !== 'INACTIVE' ? [failureOf(call, instance, shortfall)] : []
  })
  return failures.length > 0 ? failures : [{ reason: 'RESOURCE:CPU', detail: refused.reason.message }]
}

function failureOf(call: Call, instance: ContainerInstance, { lacks, detail }: NodeShortfall): Failure {
  const said = DETAILS[lacks] ?? detail
  return {
    arn: instanceArn(call.home, instance.cluster, instance.id),
    reason: REASONS[lacks],
    ...(said !== undefined && { detail: said }),
  }
}

/** Fargate speaks of no instances. Dagster retries on this very text. */
export const fargateFailure = (refused: Refused): Failure => ({
  reason: 'Capacity is unavailable at this time. Please try again later or in a different availability zone',
  detail: refused.reason.message,
})
