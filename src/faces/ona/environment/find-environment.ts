import type { Document } from '../../../core/ports/store.ts'
import { type Call, checkEnvironment } from '../call.ts'
import { COLLECTIONS, type EnvironmentRecord } from '../documents.ts'
import { missing } from '../errors.ts'
import { needUuid } from '../wire/validate.ts'

/** Throws `not_found`, and `invalid_argument` for what is no id. */
export async function findEnvironment(call: Call, id: string): Promise<Document<EnvironmentRecord>> {
  const key = needUuid('environment_id', id)
  checkEnvironment(call, key)
  const found = await call.engine.document<EnvironmentRecord>(call.tenant, COLLECTIONS.environment, key)
  if (!found) throw missing('environment', key)
  return found
}
