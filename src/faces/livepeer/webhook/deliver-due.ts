import { asTenant, type Tenant } from '../../../core/identity.ts'
import type { Document, DocumentPut } from '../../../core/ports/store.ts'
import { allDocuments, eachDocument } from '../../kit/documents.ts'
import { COLLECTIONS, FACE_TENANT, sortable } from '../documents.ts'
import type { LivepeerParts } from '../parts.ts'
import { MEDIA_URL_MARK } from './announce.ts'
import { type HookOutcome, sendToHook } from './send-to-hook.ts'
import { putWebhookLog } from './webhook-log.ts'
import type { DeliveryRecord, NewsRecord, WebhookRecord } from './webhook-record.ts'

/** Of Studio: 5 s, doubling up to an hour, 33 times; only where the receiver could not be reached or answered 5xx. */
const FIRST_WAIT_MS = 5_000
const LONGEST_WAIT_MS = 3_600_000
const MOST_RETRIES = 33

/** Hands news to the webhooks that want them and sends what is due. Returns when the next is, ms from now. */
export async function deliverDue(parts: LivepeerParts, signal: AbortSignal): Promise<number> {
  await handOut(parts)
  const blocked = new Set<string>()
  let next = LONGEST_WAIT_MS
  const { engine } = parts
  for await (const { key, body } of eachDocument<DeliveryRecord>(engine, FACE_TENANT, DUE)) {
    if (signal.aborted) return next
    const wait = body.dueAt - engine.now()
    // What comes after a failed one waits for it no longer than that one's first try.
    if (wait > 0 || blocked.has(body.webhookId)) {
      next = Math.min(next, Math.max(wait, 100))
      continue
    }
    const retryMs = await send(parts, key, body, signal)
    if (retryMs === undefined) continue
    blocked.add(body.webhookId)
    next = Math.min(next, retryMs)
  }
  return next
}

/** Copies that wait, one for each webhook. */
const DUE = `${COLLECTIONS.delivery}-due`

async function handOut({ engine }: LivepeerParts): Promise<void> {
  const hooks = new Map<string, readonly WebhookRecord[]>()
  for await (const { key, body, sort } of eachDocument<NewsRecord>(engine, FACE_TENANT, COLLECTIONS.delivery)) {
    if (!hooks.has(body.tenant)) hooks.set(body.tenant, await hooksOf(engine, asTenant(body.tenant)))
    const wanting = hooks
      .get(body.tenant)!
      .filter((hook) => hook.events.includes(body.event) && hook.createdAt <= body.createdAt)
    const copies = wanting.map((hook): DocumentPut => {
      const delivery: DeliveryRecord = { ...body, webhookId: hook.id, tries: 0, dueAt: body.createdAt }
      return {
        kind: 'document.put',
        tenant: FACE_TENANT,
        collection: DUE,
        key: `${hook.id}:${body.id}`,
        body: delivery,
        sort,
      }
    })
    await engine.saveDocuments([
      ...copies,
      { kind: 'document.delete', tenant: FACE_TENANT, collection: COLLECTIONS.delivery, key },
    ])
  }
}

async function hooksOf(engine: LivepeerParts['engine'], tenant: Tenant): Promise<readonly WebhookRecord[]> {
  const all = await allDocuments<WebhookRecord>(engine, tenant, COLLECTIONS.webhook)
  return all.map(({ body }) => body)
}

/** Undefined when it is done with, well or not; else how long until it is tried again. */
async function send(
  parts: LivepeerParts,
  key: string,
  delivery: DeliveryRecord,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { engine } = parts
  const hook = await engine.document<WebhookRecord>(asTenant(delivery.tenant), COLLECTIONS.webhook, delivery.webhookId)
  const outcome = hook ? await deliverTo(parts, hook, delivery, signal) : { status: 200 }
  if (signal.aborted) return undefined
  const again = (outcome.status === undefined || outcome.status >= 500) && delivery.tries < MOST_RETRIES
  if (!again) {
    await engine.saveDocuments([{ kind: 'document.delete', tenant: FACE_TENANT, collection: DUE, key }])
    return undefined
  }
  const waitMs = Math.min(FIRST_WAIT_MS * 2 ** delivery.tries, LONGEST_WAIT_MS)
  const dueAt = engine.now() + waitMs
  const body: DeliveryRecord = { ...delivery, tries: delivery.tries + 1, dueAt }
  await engine.saveDocuments([
    { kind: 'document.put', tenant: FACE_TENANT, collection: DUE, key, body, sort: sortable(dueAt) },
  ])
  return waitMs
}

/** Sends it once; what was sent and answered can be looked up afterwards. */
export async function deliverTo(
  parts: LivepeerParts,
  hook: Document<WebhookRecord>,
  { id, createdAt, event, payload, tenant }: Omit<DeliveryRecord, 'tries' | 'dueAt'>,
  signal: AbortSignal,
): Promise<HookOutcome> {
  const { engine, context, options } = parts
  const timestamp = engine.now()
  const whole = { id, webhookId: hook.key, createdAt, timestamp, event, payload }
  const body = JSON.stringify(whole).replaceAll(MEDIA_URL_MARK, parts.mediaUrl())
  const sender = { engine, vault: context.vault, deliver: options.deliver }
  const outcome = await sendToHook(sender, hook, { timestamp, body }, signal)
  if (!signal.aborted) await engine.saveDocuments([putWebhookLog(hook, { event, timestamp, body, tenant, outcome })])
  return outcome
}
