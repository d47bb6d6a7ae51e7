/** "ECS Task State Change" as EventBridge delivers it (reference ecs.md 6.2), for webhooks of format `eventbridge`. */
import type { Event } from '../../core/event.ts'
import type { Execution } from '../../core/execution.ts'
import type { WebhookFormat } from '../../engine/webhook-format.ts'
import type { Home } from './arn.ts'
import { derivedUuid } from './identifiers.ts'
import { presentTask } from './task/present-task.ts'
import { taskRecordOf } from './task/task-record.ts'

const TIMES = [
  'connectivityAt',
  'createdAt',
  'executionStoppedAt',
  'pullStartedAt',
  'pullStoppedAt',
  'startedAt',
  'stoppedAt',
  'stoppingAt',
]

/** Transitions that change what a description of the task shows; the rest is the engine's own business. */
const TOLD: readonly Event['transition']['kind'][] = [
  'execution.state',
  'execution.stopRequested',
  'allocation.opened',
  'step.state',
  'step.health',
  'attempt.detail',
]

/** For webhooks; only tasks of this face have such events. */
export const eventBridge: WebhookFormat = (event, execution) => {
  if (!execution || !taskRecordOf(execution) || !TOLD.includes(event.transition.kind)) return undefined
  return { contentType: 'application/json', body: JSON.stringify(eventBridgeBody(event, execution)) }
}

/** `execution` as it was after the event, or later. */
function eventBridgeBody(event: Event, execution: Execution): object {
  const home = homeOf(execution)
  const task = presentTask(home, execution)
  const { tags: _, ...detail } = task
  const times = Object.fromEntries(
    TIMES.flatMap((k) => (typeof detail[k] === 'number' ? [[k, iso(detail[k] * 1000)]] : [])),
  )
  return {
    version: '0',
    id: derivedUuid('event', event.tenant, String(event.position)),
    'detail-type': 'ECS Task State Change',
    source: 'aws.ecs',
    account: home.account,
    time: iso(event.at),
    region: home.region,
    resources: [task.taskArn],
    detail: { ...detail, ...times, updatedAt: iso(event.at), version: event.version },
  }
}

/** Account and region stand in the tenant: see auth.ts. */
export function homeOf({ tenant }: Pick<Execution, 'tenant'>): Home {
  const [, account = '', region = ''] = tenant.split(':')
  return { account, region }
}

const iso = (ms: number): string => new Date(ms).toISOString()
