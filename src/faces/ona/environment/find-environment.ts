import type { Document } from '../../../core/ports/store.ts'
import { type Call, checkEnvironment } from '../call.ts'
import { COLLECTIONS, type EnvironmentRecord } from '../documents.ts'
import { failedPrecondition, missing } from '../errors.ts'
import { needUuid } from '../wire/validate.ts'

/** Throws `not_found`, and `invalid_argument` for what is no id. */
export async function findEnvironment(call: Call, id: string): Promise<Document<EnvironmentRecord>> {
  const key = needUuid('environment_id', id)
  checkEnvironment(call, key)
  const found = await call.engine.document<EnvironmentRecord>(call.tenant, COLLECTIONS.environment, key)
  if (!found) throw missing('environment', key)
  return found
}

/** One that takes new tasks and services; throws `failed_precondition` for one that is being deleted, too. */
export async function findLastingEnvironment(call: Call, id: string): Promise<Document<EnvironmentRecord>> {
  const found = await findEnvironment(call, id)
  if (found.body.phase === 'deleting') throw failedPrecondition(`environment ${found.body.id} is being deleted`)
  return found
}
