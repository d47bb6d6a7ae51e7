import { asExecutionId } from '../../../core/identity.ts'
import { COLLECTIONS } from '../documents.ts'
import type { Call } from '../operation.ts'
import { isFinalTask, type TaskRecord } from './task-record.ts'

/**
 * How the cf CLI names itself: `cf/8.18.4+… (go1.25.1; amd64 linux)`; other clients in Go do not. Before v8 it has no
 * `--wait`.
 */
const CLI = /^\S+\/(?![67]\.)\S+ \(go\S+; \w+ \w+\)$/
const PATIENCE_MS = 400

/**
 * A new task as it is in a moment, for the cf CLI alone: with `--wait` it looks at the reply of the creation, and then
 * only every 3 s. So a task that ends within the moment is not waited for at all.
 */
export async function shortlyAfter(call: Call, task: TaskRecord): Promise<TaskRecord> {
  const { engine, caller, records, request } = call
  if (isFinalTask(task.state) || !CLI.test(request.headers['user-agent'] ?? '')) return task
  await engine.waitFor(caller.tenant, asExecutionId(task.guid), () => false, PATIENCE_MS)
  return (await records.find<TaskRecord>(COLLECTIONS.task, task.guid)) ?? task
}
