import { type Handler, ok } from '../operation-call.ts'
import { parseWebhook } from '../parse-webhook.ts'
import { presentWebhook } from '../present-administration.ts'

export const putWebhook: Handler<'putWebhook'> = async ({ engine, tenant, params, body }) =>
  ok(presentWebhook(await engine.setWebhook(tenant, parseWebhook(body, params.id))))
