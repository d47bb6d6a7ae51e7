import type { Document, DocumentPut } from '../../../core/ports/store.ts'
import { allDocuments, put } from '../../kit/documents.ts'
import { type Call, checkEnvironment } from '../call.ts'
import { COLLECTIONS, type EnvironmentRecord, type PrebuildRecord } from '../documents.ts'
import { missing } from '../errors.ts'
import { needUuid } from '../wire/validate.ts'

/** Throws `not_found`. */
export async function findPrebuild(call: Call, id: string): Promise<Document<PrebuildRecord>> {
  const key = needUuid('prebuild_id', id)
  const found = await call.engine.document<PrebuildRecord>(call.tenant, COLLECTIONS.prebuild, key)
  if (!found) throw missing('prebuild', key)
  checkEnvironment(call, found.body.environment)
  return found
}

/** All of a project, oldest first. */
export const prebuildsOf = (
  { engine, tenant }: Pick<Call, 'engine' | 'tenant'>,
  project: string,
): Promise<readonly Document<PrebuildRecord>[]> =>
  allDocuments<PrebuildRecord>(engine, tenant, COLLECTIONS.prebuild, { index: { name: 'project', value: project } })

/** The newest finished one, and where its files are. */
export async function newestPrebuild(
  { engine, tenant }: Pick<Call, 'engine' | 'tenant'>,
  project: string,
): Promise<{ readonly prebuild: string; readonly directory: string } | undefined> {
  const all = await prebuildsOf({ engine, tenant }, project)
  const made = all.findLast(({ body }) => body.phase === 'completed')?.body
  const place = made && (await engine.document<EnvironmentRecord>(tenant, COLLECTIONS.environment, made.environment))
  return made && place && { prebuild: made.id, directory: place.body.workspace.directory }
}

export const putPrebuild = ({ tenant }: Pick<Call, 'tenant'>, record: PrebuildRecord, expected: number): DocumentPut =>
  put(tenant, COLLECTIONS.prebuild, record.id, record, {
    sort: record.id,
    indexes: { project: record.project },
    expected,
  })
