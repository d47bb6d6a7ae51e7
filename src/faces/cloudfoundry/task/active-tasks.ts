import { COLLECTIONS } from '../documents.ts'
import type { Records } from '../records.ts'
import type { TaskRecord, TaskState } from './task-record.ts'

/** States that a foundation has few tasks in. */
export const ACTIVE: readonly TaskState[] = ['PENDING', 'RUNNING', 'CANCELING']

/** Every task in one of these states, of all apps: by index, however many have ended. */
export async function activeTasks(
  records: Records,
  states: readonly TaskState[] = ACTIVE,
): Promise<readonly TaskRecord[]> {
  const found = await Promise.all(
    states.map((value) => records.all<TaskRecord>(COLLECTIONS.task, { name: 'state', value })),
  )
  return found.flat()
}
