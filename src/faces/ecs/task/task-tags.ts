import type { Execution } from '../../../core/execution.ts'
import { changeAgain, put } from '../../kit/documents.ts'
import { COLLECTIONS } from '../documents.ts'
import type { Call } from '../operation.ts'
import type { Tag } from '../tags.ts'
import { taskRecordOf } from './task-record.ts'

export interface TaskTags {
  readonly tags: readonly Tag[]
}

/** A task's tags as they are now: those it was run with, unless TagResource has written others. */
export async function tagsOfTask(call: Call, e: Execution): Promise<readonly Tag[]> {
  const changed = await call.engine.document<TaskTags>(call.tenant, COLLECTIONS.taskTags, e.id)
  return changed?.body.tags ?? taskRecordOf(e)?.tags ?? []
}

/** Atomically. `change` may throw to refuse. */
export const changeTagsOfTask = (
  { engine, tenant }: Call,
  e: Execution,
  change: (before: readonly Tag[]) => readonly Tag[],
): Promise<void> =>
  changeAgain(async () => {
    const known = await engine.document<TaskTags>(tenant, COLLECTIONS.taskTags, e.id)
    const tags = change(known?.body.tags ?? taskRecordOf(e)?.tags ?? [])
    const expected = known?.version ?? 0
    await engine.saveDocuments([put(tenant, COLLECTIONS.taskTags, e.id, { tags }, { expected })])
  })
