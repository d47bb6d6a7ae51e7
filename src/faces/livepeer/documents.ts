import { asTenant, type Tenant } from '../../core/identity.ts'
import type { DocumentPut } from '../../core/ports/store.ts'
import type { AssetRecord } from './asset/asset-record.ts'
import type { TaskRecord } from './task/task-record.ts'

/** This face's collections of documents. */
export const COLLECTIONS = {
  asset: 'livepeer/asset',
  task: 'livepeer/task',
  /** By id, over all tenants: that there is such a task. */
  taskKnown: 'livepeer/task-known',
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

/** Beside a new task: whoever asks for another's is told that it is one. */
export const putTaskKnown = ({ id }: TaskRecord): DocumentPut => ({
  kind: 'document.put',
  tenant: FACE_TENANT,
  collection: COLLECTIONS.taskKnown,
  key: id,
  body: {},
})

export const putPlayback = (tenant: Tenant, { playbackId, id }: AssetRecord): DocumentPut => ({
  kind: 'document.put',
  tenant: FACE_TENANT,
  collection: COLLECTIONS.playback,
  key: playbackId,
  body: { tenant, asset: id },
})
