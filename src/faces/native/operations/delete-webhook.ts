import { type Handler, NO_CONTENT } from '../operation-call.ts'

export const deleteWebhook: Handler<'deleteWebhook'> = async ({ engine, tenant, params }) => {
  await engine.removeWebhook(tenant, params.id)
  return NO_CONTENT
}
