import type { Tenant } from '../../../core/identity.ts'
import type { Document } from '../../../core/ports/store.ts'
import type { Engine } from '../../../engine/engine.ts'
import { COLLECTIONS } from '../documents.ts'
import { notFound } from '../errors.ts'
import type { TaskRecord } from './task-record.ts'

export async function findTask(
  engine: Engine,
  tenant: Tenant,
  id: string,
  message = 'not found',
): Promise<Document<TaskRecord>> {
  const found = await engine.document<TaskRecord>(tenant, COLLECTIONS.task, id)
  if (!found) throw notFound(message)
  return found
}
