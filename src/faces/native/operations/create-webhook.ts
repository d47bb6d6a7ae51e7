import { created, type Handler } from '../operation-call.ts'
import { parseWebhook } from '../parse-webhook.ts'
import { presentWebhook } from '../present-administration.ts'

export const createWebhook: Handler<'createWebhook'> = async ({ engine, tenant, body }) => {
  const hook = await engine.setWebhook(tenant, parseWebhook(body))
  return created(presentWebhook(hook, hook.secret))
}
