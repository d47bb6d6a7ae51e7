import { isDeepStrictEqual } from 'node:util'
import type { Document } from '../../../core/ports/store.ts'
import type { Call } from '../call.ts'
import { COLLECTIONS, type ServiceRecord, type TaskRecord } from '../documents.ts'
import { RETRY_WINDOW_MS } from '../wire/retries.ts'
import { referenceKey } from './automations-of.ts'

/** What an earlier try of the same CreateTask or CreateService made, if this is a retry: the same in all but id and time. */
export async function madeBefore<Record extends TaskRecord | ServiceRecord>(
  { engine, tenant, retries }: Call,
  collection: string,
  wanted: Record,
): Promise<Document<Record> | undefined> {
  if (retries === 0) return undefined
  const name = await engine.document<{ readonly id: string }>(tenant, COLLECTIONS.reference, referenceKey(wanted))
  const found = name && (await engine.document<Record>(tenant, collection, name.body.id))
  if (!found || found.body.createdAt < wanted.createdAt - RETRY_WINDOW_MS) return undefined
  const { id, createdAt } = found.body
  return isDeepStrictEqual(found.body, { ...wanted, id, createdAt }) ? found : undefined
}
