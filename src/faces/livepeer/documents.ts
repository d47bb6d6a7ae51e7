import { asTenant, type Tenant } from '../../core/identity.ts'
import type { Document, DocumentPut, DocumentQuery } from '../../core/ports/store.ts'
import type { Engine } from '../../engine/engine.ts'
import type { AssetRecord } from './asset/asset-record.ts'
import { isConflict } from './errors.ts'
import type { TaskRecord } from './task/task-record.ts'

/** This face's collections of documents. */
export const COLLECTIONS = {
  asset: 'livepeer/asset',
  task: 'livepeer/task',
  /** By playback id, over all tenants: `{tenant, asset}`. */
  playback: 'livepeer/playback',
  webhook: 'livepeer/webhook',
  /** What was sent to webhooks, of the face's own tenant, for some days. */
  webhookLog: 'livepeer/webhook-log',
  signingKey: 'livepeer/signing-key',
  apiKey: 'livepeer/api-key',
  /** Messages that wait to be sent. */
  delivery: 'livepeer/delivery',
  /** Directories that wait to be emptied. */
  garbage: 'livepeer/garbage',
} as const

/** What belongs to the face itself. */
export const FACE_TENANT: Tenant = asTenant('livepeer:face')

/** Times as text that sorts. */
export const sortable = (ms: number): string => String(Math.max(0, Math.floor(ms))).padStart(16, '0')

export const putAsset = (tenant: Tenant, body: AssetRecord, expected?: number): DocumentPut => ({
  kind: 'document.put',
  tenant,
  collection: COLLECTIONS.asset,
  key: body.id,
  body,
  sort: sortable(body.updatedAt),
  indexes: {
    playbackId: body.playbackId,
    ...(body.source.url !== undefined && { sourceUrl: body.source.url.slice(0, 500) }),
  },
  ...(expected !== undefined && { expected }),
})

export const putTask = (tenant: Tenant, body: TaskRecord, expected?: number): DocumentPut => ({
  kind: 'document.put',
  tenant,
  collection: COLLECTIONS.task,
  key: body.id,
  body,
  sort: sortable(body.updatedAt),
  ...(expected !== undefined && { expected }),
})

export const putPlayback = (tenant: Tenant, { playbackId, id }: AssetRecord): DocumentPut => ({
  kind: 'document.put',
  tenant: FACE_TENANT,
  collection: COLLECTIONS.playback,
  key: playbackId,
  body: { tenant, asset: id },
})

/** Every document that matches, in order. */
export async function* allDocuments<Body>(
  engine: Pick<Engine, 'documents'>,
  tenant: Tenant,
  collection: string,
  query: Omit<DocumentQuery, 'limit' | 'after'> = {},
): AsyncGenerator<Document<Body>> {
  let after: string | undefined
  do {
    const page = await engine.documents<Body>(tenant, collection, { ...query, limit: 200, ...(after && { after }) })
    yield* page.items
    after = page.next
  } while (after !== undefined)
}

/** The same in an array, for collections that are kept small. */
export async function everyDocument<Body>(
  engine: Pick<Engine, 'documents'>,
  tenant: Tenant,
  collection: string,
): Promise<readonly Document<Body>[]> {
  const all: Document<Body>[] = []
  for await (const found of allDocuments<Body>(engine, tenant, collection)) all.push(found)
  return all
}

const TRIES = 20

/** Read, change, write: again when somebody else wrote in between. */
export async function changeAgain<T>(change: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await change()
    } catch (error) {
      if (tried >= TRIES || !isConflict(error)) throw error
    }
  }
}
