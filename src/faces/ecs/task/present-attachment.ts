import { type Execution, isFinal } from '../../../core/execution.ts'
import { attemptsOf } from '../../../core/facts.ts'
import { derivedHex, derivedUuid, taskIdOf } from '../identifiers.ts'
import { lastStatusOf } from './life-cycle.ts'
import type { TaskRecord } from './task-record.ts'

export interface WireAttachment {
  readonly id: string
  readonly type: 'ElasticNetworkInterface'
  readonly status: string
  readonly details: readonly { readonly name: string; readonly value: string }[]
}

export const attachmentIdOf = (taskId: string): string => derivedUuid('attachment', taskId)

/** The address of an awsvpc task, once it runs: its network's own, or the host's where tasks share that. */
export function addressOf(e: Execution, record: TaskRecord): string | undefined {
  const attempts = attemptsOf(e)
  const own = attempts.findLast((a) => a.address !== undefined)?.address
  return own ?? (attempts.some((a) => a.startedAt !== undefined) ? record.address : undefined)
}

/** The network interface of an awsvpc task; none for other modes. */
export function presentAttachments(e: Execution, record: TaskRecord): readonly WireAttachment[] {
  if (record.networkMode !== 'awsvpc') return []
  const taskId = taskIdOf(e.id)
  const address = addressOf(e, record)
  const hex = derivedHex('interface', taskId)
  const details = [
    { name: 'subnetId', value: record.subnet ?? '' },
    { name: 'networkInterfaceId', value: `eni-${hex.slice(0, 17)}` },
    { name: 'macAddress', value: `02:${hex.slice(0, 10).match(/../g)!.join(':')}` },
    ...(address === undefined
      ? []
      : [
          { name: 'privateDnsName', value: `ip-${address.replaceAll(/[.:]/g, '-')}.ec2.internal` },
          { name: 'privateIPv4Address', value: address },
        ]),
  ]
  return [{ id: attachmentIdOf(taskId), type: 'ElasticNetworkInterface', status: statusOf(e, record), details }]
}

function statusOf(e: Execution, record: TaskRecord): string {
  if (isFinal(e)) return 'DELETED'
  const status = lastStatusOf(e, record)
  if (status === 'PROVISIONING') return 'PRECREATED'
  return status === 'DEPROVISIONING' ? 'DETACHED' : 'ATTACHED'
}
