import { createHash } from 'node:crypto'

export type TaskEvent = 'TASK_STARTED' | 'TASK_STOPPED' | 'audit.app.task.create' | 'audit.app.task.cancel'

/** What is told of every task once at most. */
export const TASK_EVENTS = {
  usage: ['TASK_STARTED', 'TASK_STOPPED'],
  audit: ['audit.app.task.create', 'audit.app.task.cancel'],
} as const

/** The same for the same event of the same task, so that what is asked twice is told once, and found to be pruned. */
export function eventGuid(task: string, event: TaskEvent): string {
  const hex = createHash('sha256').update(`${task}/${event}`).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
