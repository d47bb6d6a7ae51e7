import { randomUUID } from 'node:crypto'
import type { Static } from 'typebox'
import type { Document, DocumentPut } from '../../../core/ports/store.ts'
import { allDocuments, changeAgain } from '../../kit/documents.ts'
import { COLLECTIONS, sortable } from '../documents.ts'
import { notFound, unprocessable } from '../errors.ts'
import { type Call, created, NO_CONTENT, type Operation, ok } from '../operation.ts'
import { sealedSharedSecret, sharedSecretOf } from '../webhook/shared-secret.ts'
import type { WebhookRecord } from '../webhook/webhook-record.ts'
import { bodyOf } from '../wire/check-body.ts'
import { Webhook } from '../wire/schemas.ts'

const read = bodyOf(Webhook)

function present({ parts, tenant }: Call, body: WebhookRecord): object {
  const { sealedSecret: _, ...shown } = body
  const sharedSecret = sharedSecretOf(parts.context.vault, { tenant, body })
  return { ...shown, projectId: body.userId, ...(sharedSecret !== undefined && { sharedSecret }) }
}

const put = ({ tenant }: Call, body: WebhookRecord, expected?: number): DocumentPut => ({
  kind: 'document.put',
  tenant,
  collection: COLLECTIONS.webhook,
  key: body.id,
  body,
  sort: sortable(body.createdAt),
  ...(expected !== undefined && { expected }),
})

/** What is set of the webhook with this id; the rest is ours. */
function wanted(
  { parts, tenant }: Call,
  id: string,
  { events, name, url, sharedSecret }: Static<typeof Webhook>,
): Pick<WebhookRecord, 'name' | 'url' | 'events' | 'sealedSecret'> {
  if (events === undefined || events.length === 0) throw unprocessable('must provide "events" field with subscriptions')
  const sealed = sharedSecret && { sealedSecret: sealedSharedSecret(parts.context.vault, tenant, id, sharedSecret) }
  return { name, url, events, ...sealed }
}

/** POST /webhook */
export const createWebhook: Operation = async (call) => {
  const { engine, principal } = call
  const id = randomUUID()
  const given = wanted(call, id, read(call.body))
  const body: WebhookRecord = { id, userId: principal.id, createdAt: engine.now(), ...given }
  await engine.saveDocuments([put(call, body)])
  return created(present(call, body))
}

/** GET /webhook */
export const listWebhooks: Operation = async (call) => {
  const all = await allDocuments<WebhookRecord>(call.engine, call.tenant, COLLECTIONS.webhook)
  return ok(all.map(({ body }) => present(call, body)))
}

export async function findWebhook({ engine, tenant, params }: Call): Promise<Document<WebhookRecord>> {
  const found = await engine.document<WebhookRecord>(tenant, COLLECTIONS.webhook, params.id!)
  if (!found) throw notFound()
  return found
}

/** GET /webhook/:id */
export const getWebhook: Operation = async (call) => ok(present(call, (await findWebhook(call)).body))

/** PUT and PATCH /webhook/:id. Studio answers `{id}`, on which its own SDKs fail: here it is the whole webhook. */
export const updateWebhook: Operation = (call) =>
  changeAgain(async () => {
    const { body: before, version } = await findWebhook(call)
    const patch = call.request.method === 'PATCH'
    const { id, userId, createdAt, status, sealedSecret } = before
    const given = wanted(call, id, read(patch ? { ...before, ...(call.body as object) } : call.body))
    const kept = { ...(patch && sealedSecret && { sealedSecret }), ...given }
    const body: WebhookRecord = { id, userId, createdAt, ...kept, ...(status && { status }) }
    await call.engine.saveDocuments([put(call, body, version)])
    return patch ? NO_CONTENT : ok(present(call, body))
  })

/** DELETE /webhook/:id */
export const deleteWebhook: Operation = async (call) => {
  const { body } = await findWebhook(call)
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
