import { randomUUID } from 'node:crypto'
import type { Static } from 'typebox'
import type { Document, DocumentPut } from '../../../core/ports/store.ts'
import { COLLECTIONS, changeAgain, everyDocument, sortable } from '../documents.ts'
import { notFound, unprocessable } from '../errors.ts'
import { type Call, created, NO_CONTENT, type Operation, ok } from '../operation.ts'
import type { WebhookRecord } from '../webhook/webhook-record.ts'
import { bodyOf } from '../wire/check-body.ts'
import { Webhook } from '../wire/schemas.ts'

const read = bodyOf(Webhook)

const present = (hook: WebhookRecord): object => ({ ...hook, projectId: hook.userId })

const put = ({ tenant }: Call, body: WebhookRecord, expected?: number): DocumentPut => ({
  kind: 'document.put',
  tenant,
  collection: COLLECTIONS.webhook,
  key: body.id,
  body,
  sort: sortable(body.createdAt),
  ...(expected !== undefined && { expected }),
})

/** What is set of one; the rest is ours. */
function wanted({
  events,
  name,
  url,
  sharedSecret,
}: Static<typeof Webhook>): Pick<WebhookRecord, 'name' | 'url' | 'events' | 'sharedSecret'> {
  if (events === undefined || events.length === 0) throw unprocessable('must provide "events" field with subscriptions')
  return { name, url, events, ...(sharedSecret !== undefined && { sharedSecret }) }
}

/** POST /webhook */
export const createWebhook: Operation = async (call) => {
  const { engine, principal } = call
  const body: WebhookRecord = {
    id: randomUUID(),
    userId: principal.id,
    createdAt: engine.now(),
    ...wanted(read(call.body)),
  }
  await engine.saveDocuments([put(call, body)])
  return created(present(body))
}

/** GET /webhook */
export const listWebhooks: Operation = async ({ engine, tenant }) => {
  const all = await everyDocument<WebhookRecord>(engine, tenant, COLLECTIONS.webhook)
  return ok(all.map(({ body }) => present(body)))
}

async function find({ engine, tenant, params }: Call): Promise<Document<WebhookRecord>> {
  const found = await engine.document<WebhookRecord>(tenant, COLLECTIONS.webhook, params.id!)
  if (!found) throw notFound()
  return found
}

/** GET /webhook/:id */
export const getWebhook: Operation = async (call) => ok(present((await find(call)).body))

/** PUT and PATCH /webhook/:id. Studio answers `{id}`, on which its own SDKs fail: here it is the whole webhook. */
export const updateWebhook: Operation = (call) =>
  changeAgain(async () => {
    const { body: before, version } = await find(call)
    const patch = call.request.method === 'PATCH' ? { ...before, ...(call.body as object) } : call.body
    const { id, userId, createdAt, status } = before
    const body: WebhookRecord = { id, userId, createdAt, ...wanted(read(patch)), ...(status && { status }) }
    await call.engine.saveDocuments([put(call, body, version)])
    return call.request.method === 'PATCH' ? NO_CONTENT : ok(present(body))
  })

/** DELETE /webhook/:id */
export const deleteWebhook: Operation = async (call) => {
  const { body } = await find(call)
  await remove(call, [body.id])
  return NO_CONTENT
}

const readIds = (body: unknown): readonly string[] => {
  const { ids } = (body ?? {}) as { readonly ids?: unknown }
  if (!Array.isArray(ids) || !ids.every((id) => typeof id === 'string')) throw unprocessable('missing ids')
  return ids
}

/** DELETE /webhook {ids} */
export const deleteWebhooks: Operation = async (call) => {
  await remove(call, readIds(call.body))
  return NO_CONTENT
}

const remove = ({ engine, tenant }: Call, ids: readonly string[]): Promise<unknown> =>
  engine.saveDocuments(ids.map((key) => ({ kind: 'document.delete', tenant, collection: COLLECTIONS.webhook, key })))
