import { createHash } from 'node:crypto'

export type UsageEventType = 'TASK_STARTED' | 'TASK_STOPPED'
export type AuditEventType = 'audit.app.task.create' | 'audit.app.task.cancel'

/** The same for the same event of the same task: whatever is repeated, it is told once. */
export function eventGuid(task: string, event: UsageEventType | AuditEventType): string {
  const hex = createHash('sha256').update(`${task}/${event}`).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
