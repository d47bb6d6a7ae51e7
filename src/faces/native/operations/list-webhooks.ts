import { type Handler, ok } from '../operation-call.ts'
import { presentWebhook } from '../present-administration.ts'

export const listWebhooks: Handler<'listWebhooks'> = async ({ engine, tenant }) =>
  ok({ items: (await engine.webhooks(tenant)).map((hook) => presentWebhook(hook)) })
