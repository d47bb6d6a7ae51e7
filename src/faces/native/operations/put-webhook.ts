import { type Handler, ok } from '../operation-call.ts'
import { presentWebhook } from '../present-administration.ts'

export const putWebhook: Handler<'putWebhook'> = async ({ engine, tenant, params, body }) =>
  ok(presentWebhook(await engine.setWebhook(tenant, { ...body, id: params.id })))
