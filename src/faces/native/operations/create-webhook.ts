import { created, type Handler } from '../operation-call.ts'
import { presentWebhook } from '../present-administration.ts'

export const createWebhook: Handler<'createWebhook'> = async ({ engine, tenant, body }) => {
  const hook = await engine.setWebhook(tenant, body)
  return created(presentWebhook(hook, hook.secret))
}
