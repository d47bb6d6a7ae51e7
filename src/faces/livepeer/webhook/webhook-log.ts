import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Document, DocumentPut } from '../../../core/ports/store.ts'
import { COLLECTIONS, FACE_TENANT, sortable } from '../documents.ts'
import type { HookOutcome } from './send-to-hook.ts'
import type { WebhookRecord } from './webhook-record.ts'

/** One message to a webhook and its answer, as shown. Bodies of answers are not kept. */
export interface WebhookLogRecord {
  readonly id: string
  readonly webhookId: string
  readonly userId: string
  readonly event: string
  readonly createdAt: number
  /** s */
  readonly duration: number
  readonly success: boolean
  readonly request: {
    readonly url: string
    readonly method: 'POST'
    readonly headers: Readonly<Record<string, string>>
    readonly body: string
  }
  readonly response: { readonly status: number; readonly statusText: string; readonly body: string }
}

/** Kept for so long, ms. */
export const WEBHOOK_LOG_MS = 7 * 24 * 3_600_000

export function putWebhookLog(
  { body: hook }: Document<WebhookRecord>,
  sent: {
    readonly event: string
    readonly timestamp: number
    readonly body: string
    readonly tenant: string
    readonly outcome: HookOutcome
  },
): DocumentPut {
  const { event, timestamp, tenant, outcome } = sent
  const status = outcome.status ?? 0
  const body: WebhookLogRecord = {
    id: randomUUID(),
    webhookId: hook.id,
    userId: hook.userId,
    event,
    createdAt: timestamp,
    duration: outcome.durationMs / 1_000,
    success: status >= 200 && status < 300,
    request: { url: hook.url, method: 'POST', headers: outcome.headers, body: sent.body },
    response: { status, statusText: outcome.problem ?? STATUS_CODES[status] ?? '', body: '' },
  }
  const indexes = { hook: `${tenant}/${hook.id}` }
  const [collection, sort] = [COLLECTIONS.webhookLog, sortable(timestamp)]
  return { kind: 'document.put', tenant: FACE_TENANT, collection, key: body.id, body, sort, indexes }
}
