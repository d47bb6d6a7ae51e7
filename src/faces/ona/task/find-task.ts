import type { Document } from '../../../core/ports/store.ts'
import { type Call, checkEnvironment } from '../call.ts'
import { COLLECTIONS, type TaskRecord } from '../documents.ts'
import { missing } from '../errors.ts'
import { needUuid } from '../wire/validate.ts'

/** Throws `not_found`, and `invalid_argument` for what is no id. */
export async function findTask(call: Call, id: string): Promise<Document<TaskRecord>> {
  const key = needUuid('id', id)
  const found = await call.engine.document<TaskRecord>(call.tenant, COLLECTIONS.task, key)
  if (!found) throw missing('task', key)
  checkEnvironment(call, found.body.environment)
  return found
}
