import type { Document } from '../../../core/ports/store.ts'
import { COLLECTIONS, FACE_TENANT } from '../documents.ts'
import { badRequest, notFound } from '../errors.ts'
import { type Call, type Operation, ok } from '../operation.ts'
import { deliverTo } from '../webhook/deliver-to.ts'
import type { WebhookLogRecord } from '../webhook/webhook-log.ts'
import { listed } from '../wire/list.ts'
import { findWebhook } from './webhooks.ts'

/** GET /webhook/:id/log */
export const listWebhookLogs: Operation = async (call) => {
  const { key } = await findWebhook(call)
  return listed<WebhookLogRecord>(call, {
    collection: COLLECTIONS.webhookLog,
    within: { tenant: FACE_TENANT, index: { name: 'hook', value: `${call.tenant}/${key}` } },
    fields: {
      id: (log) => log.id,
      createdAt: (log) => log.createdAt,
      userId: (log) => log.userId,
      event: (log) => log.event,
      statusCode: (log) => log.response.status,
    },
    likeFields: [],
    test: () => true,
    show: async (log) => log,
  })
}

async function find({ engine, params }: Call, webhook: string): Promise<Document<WebhookLogRecord>> {
  const found = await engine.document<WebhookLogRecord>(FACE_TENANT, COLLECTIONS.webhookLog, params.log!)
  if (!found) throw notFound('webhook log not found')
  if (found.body.webhookId !== webhook) throw badRequest('mismatch between webhook and webhook log')
  return found
}

/** GET /webhook/:id/log/:log */
export const getWebhookLog: Operation = async (call) => ok((await find(call, (await findWebhook(call)).key)).body)

interface Sent {
  readonly id: string
  readonly createdAt: number
  readonly payload: object
}

/** POST (and PUT) /webhook/:id/log/:log/resend: the same event, with its id, once more; the answer says how it went. */
export const resendWebhook: Operation = async (call) => {
  const hook = await findWebhook(call)
  const { body: log } = await find(call, hook.key)
  const { id, createdAt, payload } = JSON.parse(log.request.body) as Sent
  const again = { id, createdAt, payload, event: log.event, tenant: call.tenant, webhookId: hook.key }
  const { status, problem } = await deliverTo(call.parts, hook, again, new AbortController().signal)
  return ok({ id: log.id, webhookId: hook.key, status: status ?? 0, ...(problem !== undefined && { error: problem }) })
}
