/** Nodes, schedules, webhooks and credentials → this wire. */
import type { NodeWithUse, ScheduleView, Webhook } from '../../engine/engine.ts'
import type { CredentialView } from '../kit/credentials.ts'
import { timeText } from './units.ts'

const time = (instant: number | undefined): string | undefined =>
  instant === undefined ? undefined : timeText(instant)

export const presentNode = ({ node, use, executions }: NodeWithUse) => ({
  id: node.id,
  name: node.name,
  shared: node.tenant === undefined,
  state: node.state,
  executors: node.executors,
  attributes: node.attributes,
  capacity: {
    cpu: node.capacity.cpuUnits / 1024,
    memoryBytes: node.capacity.memoryBytes,
    slots: node.capacity.slots,
  },
  used: { cpu: use.cpuUnits / 1024, memoryBytes: use.memoryBytes, allocations: use.allocations },
  executions,
  registeredAt: timeText(node.registeredAt),
})

export const presentSchedule = ({ task, revision, schedule, nextAt, lastAt, lastExecution }: ScheduleView) => ({
  task,
  revision,
  cron: schedule.cron,
  timezone: schedule.timezone,
  overlap: schedule.overlap,
  catchUp: schedule.catchUp,
  paused: schedule.paused ?? false,
  nextAt: time(nextAt),
  lastAt: time(lastAt),
  lastExecution,
})

/** The secret only where it was just made. */
export const presentWebhook = (hook: Webhook, secret?: string) => ({
  id: hook.id,
  url: hook.url,
  secret,
  kinds: hook.kinds,
  labels: hook.labels,
  format: hook.format,
  active: hook.active ?? true,
  createdAt: timeText(hook.createdAt),
  lastDelivery: hook.lastDelivery && { ...hook.lastDelivery, at: timeText(hook.lastDelivery.at) },
})

export const presentCredential = ({ createdAt, expiresAt, ...view }: CredentialView) => ({
  ...view,
  createdAt: timeText(createdAt),
  expiresAt: time(expiresAt),
})
