import type { Document } from '../../../core/ports/store.ts'
import { type Call, checkEnvironment } from '../call.ts'
import { COLLECTIONS, type ProjectRecord } from '../documents.ts'
import { missing } from '../errors.ts'
import { needUuid } from '../wire/validate.ts'

/** Throws `not_found`, and `permission_denied` for an environment's own token. */
export async function findProject(call: Call, id: string): Promise<Document<ProjectRecord>> {
  const key = needUuid('project_id', id)
  checkEnvironment(call, '')
  const found = await call.engine.document<ProjectRecord>(call.tenant, COLLECTIONS.project, key)
  if (!found) throw missing('project', key)
  return found
}
