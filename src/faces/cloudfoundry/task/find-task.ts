import { COLLECTIONS } from '../documents.ts'
import { notFound } from '../errors.ts'
import type { Call } from '../operation.ts'
import type { TaskRecord } from './task-record.ts'

/** A task that the caller may see. Throws CF-ResourceNotFound. */
export async function findTask(call: Call, guid: string): Promise<TaskRecord> {
  const task = await call.records.find<TaskRecord>(COLLECTIONS.task, guid)
  if (!task || !(await call.access.canReadSpace(task))) throw notFound('Task')
  return task
}
