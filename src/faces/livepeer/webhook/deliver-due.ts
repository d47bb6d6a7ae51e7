import { createHmac } from 'node:crypto'
import { asTenant, type Tenant } from '../../../core/identity.ts'
import type { DocumentPut } from '../../../core/ports/store.ts'
import { allDocuments, COLLECTIONS, changeAgain, everyDocument, FACE_TENANT, sortable } from '../documents.ts'
import type { LivepeerParts } from '../parts.ts'
import { MEDIA_URL_MARK } from './announce.ts'
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
  for await (const { key, body } of allDocuments<DeliveryRecord>(engine, FACE_TENANT, DUE)) {
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
  for await (const { key, body, sort } of allDocuments<NewsRecord>(engine, FACE_TENANT, COLLECTIONS.delivery)) {
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
  const all = await everyDocument<WebhookRecord>(engine, tenant, COLLECTIONS.webhook)
  return all.map(({ body }) => body)
}

/** Undefined when it is done with, well or not; else how long until it is tried again. */
async function send(
  parts: LivepeerParts,
  key: string,
  delivery: DeliveryRecord,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { engine, options } = parts
  const tenant = asTenant(delivery.tenant)
  const hook = await engine.document<WebhookRecord>(tenant, COLLECTIONS.webhook, delivery.webhookId)
  const outcome = hook && options.deliver ? await post(parts, hook.body, delivery, signal) : { status: 200 }
  if (signal.aborted) return undefined
  if (hook) await noteOutcome(parts, tenant, hook.key, outcome)
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

interface Outcome {
  readonly status?: number
  readonly problem?: string
}

async function post(
  parts: LivepeerParts,
  hook: WebhookRecord,
  delivery: DeliveryRecord,
  signal: AbortSignal,
): Promise<Outcome> {
  const { id, createdAt, event, payload } = delivery
  const timestamp = parts.engine.now()
  const body = JSON.stringify({ id, webhookId: hook.id, createdAt, timestamp, event, payload }).replaceAll(
    MEDIA_URL_MARK,
    parts.mediaUrl(),
  )
  const headers = { 'content-type': 'application/json', ...signature(hook, body, timestamp) }
  try {
    return await parts.options.deliver!(hook.url, headers, body, signal)
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) }
  }
}

/** The time is not covered by the signature, but stands in the body as well. */
function signature({ sharedSecret }: WebhookRecord, body: string, timestamp: number): Readonly<Record<string, string>> {
  if (!sharedSecret) return {}
  const mac = createHmac('sha256', sharedSecret).update(body, 'utf8').digest('hex')
  return { 'livepeer-signature': `t=${timestamp},v1=${mac}` }
}

function noteOutcome(
  { engine }: LivepeerParts,
  tenant: Tenant,
  id: string,
  { status, problem }: Outcome,
): Promise<void> {
  return changeAgain(async () => {
    const found = await engine.document<WebhookRecord>(tenant, COLLECTIONS.webhook, id)
    if (!found) return
    const at = engine.now()
    const bad = problem !== undefined || (status ?? 0) >= 300
    const lastFailure = bad
      ? {
          timestamp: at,
          ...(problem !== undefined && { error: problem }),
          ...(status !== undefined && { statusCode: status }),
        }
      : found.body.status?.lastFailure
    const body: WebhookRecord = { ...found.body, status: { lastTriggeredAt: at, ...(lastFailure && { lastFailure }) } }
    const { tenant: _, collection, key, sort, version } = found
    await engine.saveDocuments([{ kind: 'document.put', tenant, collection, key, sort, body, expected: version }])
  })
}
