import { createHash } from 'node:crypto'
import type { Execution } from '../../../core/execution.ts'
import type { DocumentPut } from '../../../core/ports/store.ts'
import type { AssetRecord } from '../asset/asset-record.ts'
import { presentAsset } from '../asset/present-asset.ts'
import { COLLECTIONS, FACE_TENANT, sortable } from '../documents.ts'
import { presentTask } from '../task/present-task.ts'
import type { TaskRecord } from '../task/task-record.ts'
import type { NewsRecord, WebhookEvent } from './webhook-record.ts'

/** Stands for the address of media until a message is sent: a commit does not know how the server is reached. */
export const MEDIA_URL_MARK = 'taskport-media:'

/** When and in which version of what an event happened: the same again gives the same message. */
export interface Told {
  readonly execution?: Execution
  readonly at: number
  readonly version: number | string
}

/**
 * News for webhooks, in the commit that makes it true; they are sent afterwards, in this order. Of news without an execution
 * the caller says whose they are.
 */
export function announceTask(
  told: Told,
  event: WebhookEvent,
  record: TaskRecord,
  tenant = tenantOf(told),
): readonly DocumentPut[] {
  const ended = event === 'task.completed' || event === 'task.failed'
  const snapshot = presentTask(record, told.execution)
  const payload = {
    ...(ended && { success: event === 'task.completed' }),
    task: { id: record.id, type: record.type, snapshot },
  }
  return [news(told, event, record.id, tenant, payload)]
}

export function announceAsset(
  told: Told,
  event: WebhookEvent,
  record: AssetRecord,
  tenant = tenantOf(told),
): readonly DocumentPut[] {
  const snapshot = presentAsset(record, { mediaUrl: MEDIA_URL_MARK, details: true, execution: told.execution })
  return [news(told, event, record.id, tenant, { asset: { id: record.id, snapshot } })]
}

const tenantOf = ({ execution }: Told): string => execution?.tenant ?? ''

/** Order within one commit: as the reference lists them. */
const ORDER: readonly string[] = [
  'asset.created',
  'task.spawned',
  'asset.updated',
  'asset.ready',
  'task.updated',
  'task.completed',
  'task.failed',
  'asset.failed',
  'asset.deleted',
]

function news(told: Told, event: WebhookEvent, subject: string, tenant: string, payload: object): DocumentPut {
  const key = `${subject}:${told.version}:${event}`
  const body: NewsRecord = { tenant, id: uuidOf(key), createdAt: told.at, event, payload }
  return {
    kind: 'document.put',
    tenant: FACE_TENANT,
    collection: COLLECTIONS.delivery,
    key: `news:${key}`,
    body,
    sort: `${sortable(told.at)}:${String(told.version).padStart(8, '0')}:${ORDER.indexOf(event)}`,
  }
}

/** Derived from what it tells, so that a commit that is tried again tells the same. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  )
}
