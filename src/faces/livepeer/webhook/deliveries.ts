/**
 * What webhooks are told, from documents, so that a crash loses nothing. Each webhook has a lane of its own.
 *
 * D1. News reach each webhook at least once, in their order, with one id whatever the try.
 * D2. A receiver that is slow or fails holds up only itself: neither other webhooks nor what else follows a commit.
 */
import { asTenant, type Tenant } from '../../../core/identity.ts'
import type { Document, DocumentPut } from '../../../core/ports/store.ts'
import { allDocuments, eachDocument } from '../../kit/documents.ts'
import { COLLECTIONS, FACE_TENANT, sortable } from '../documents.ts'
import type { LivepeerParts } from '../parts.ts'
import { deliverTo } from './deliver-to.ts'
import type { DeliveryRecord, NewsRecord, WebhookRecord } from './webhook-record.ts'

/** Of Studio: 5 s, doubling up to an hour, 33 times; only where the receiver could not be reached or answered 5xx. */
const FIRST_WAIT_MS = 5_000
const LONGEST_WAIT_MS = 3_600_000
const MOST_RETRIES = 33

/** Webhooks that are sent to at a time. */
const MOST_LANES = 32
/** Of one webhook's news. A receiver that was long away must not fill the memory; a lane that ends begins the next round. */
const MOST_A_ROUND = 100
/** Copies that wait, one for each webhook. */
const DUE = `${COLLECTIONS.delivery}-due`

type Due = Document<DeliveryRecord>

export class Deliveries {
  readonly #parts: LivepeerParts
  readonly #signal: AbortSignal
  /** What is under way, by webhook. */
  readonly #lanes = new Map<string, Promise<void>>()

  constructor(parts: LivepeerParts, signal: AbortSignal) {
    this.#parts = parts
    this.#signal = signal
  }

  /** Hands out news and begins with what is due. Returns when the next is, ms from now; waits for no receiver. */
  async round(): Promise<number> {
    const { engine } = this.#parts
    await handOut(this.#parts)
    // Asked before reading: what a lane has sent meanwhile would be sent twice.
    const busy = new Set(this.#lanes.keys())
    const due = new Map<string, Due[]>()
    let next = LONGEST_WAIT_MS
    for await (const found of eachDocument<DeliveryRecord>(engine, FACE_TENANT, DUE)) {
      const { webhookId, dueAt } = found.body
      const wait = dueAt - engine.now()
      if (wait > 0) next = Math.min(next, wait)
      else if (!busy.has(webhookId)) {
        const all = due.get(webhookId) ?? []
        if (all.length < MOST_A_ROUND) all.push(found)
        due.set(webhookId, all)
      }
    }
    for (const [webhook, all] of due) this.#begin(webhook, all)
    return next
  }

  /** Ends what is under way, once its signal says so: it is sent again after the next start. */
  async ended(): Promise<void> {
    await Promise.all(this.#lanes.values())
  }

  #begin(webhook: string, due: readonly Due[]): void {
    // A lane that ends wakes: nothing is forgotten.
    if (this.#signal.aborted || this.#lanes.size >= MOST_LANES) return
    const { context, wake } = this.#parts
    const lane = this.#send(due)
      .finally(() => this.#lanes.delete(webhook))
      .then(wake, (error: unknown) => context.log.warn({ webhook, error: String(error) }, 'news stay for now'))
    this.#lanes.set(webhook, lane)
  }

  /** In their order; what comes after a failed one waits until that one's try is over, and goes with the next round. */
  async #send(due: readonly Due[]): Promise<void> {
    for (const { key, body } of due)
      if (this.#signal.aborted || !(await send(this.#parts, key, body, this.#signal))) return
  }
}

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

/** Whether it is done with, well or not; else it is tried again later. */
async function send(
  parts: LivepeerParts,
  key: string,
  delivery: DeliveryRecord,
  signal: AbortSignal,
): Promise<boolean> {
  const { engine } = parts
  const hook = await engine.document<WebhookRecord>(asTenant(delivery.tenant), COLLECTIONS.webhook, delivery.webhookId)
  const outcome = hook ? await deliverTo(parts, hook, delivery, signal) : { status: 200 }
  if (signal.aborted) return false
  const again = (outcome.status === undefined || outcome.status >= 500) && delivery.tries < MOST_RETRIES
  if (!again) {
    await engine.saveDocuments([{ kind: 'document.delete', tenant: FACE_TENANT, collection: DUE, key }])
    return true
  }
  const waitMs = Math.min(FIRST_WAIT_MS * 2 ** delivery.tries, LONGEST_WAIT_MS)
  const dueAt = engine.now() + waitMs
  const body: DeliveryRecord = { ...delivery, tries: delivery.tries + 1, dueAt }
  await engine.saveDocuments([
    { kind: 'document.put', tenant: FACE_TENANT, collection: DUE, key, body, sort: sortable(dueAt) },
  ])
  return false
}
