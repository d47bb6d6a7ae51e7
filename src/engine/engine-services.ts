import type { Tenant } from '../core/identity.ts'
import type { Deliver } from '../core/ports/deliver.ts'
import type { Context } from './context.ts'
import type { Webhook, WebhookSpec } from './engine.ts'
import { outboxService } from './outbox.ts'
import { retentionService } from './retention.ts'
import { scheduleService } from './schedules.ts'
import { ServiceRunner } from './ticked-service.ts'
import type { WebhookFormats } from './webhook-format.ts'
import { removeWebhook, setWebhook } from './webhooks.ts'

/** What the services need of the outside. */
export interface ServiceParts {
  readonly deliver: Deliver
  readonly formats: WebhookFormats
}

/** The services of one engine, and the use cases that must tell them of a change. */
export interface EngineServices {
  start(): void
  stop(): Promise<void>
  /** Everything was forgotten. */
  reset(): void
  taskChanged(tenant: Tenant, name: string): void
  setWebhook(tenant: Tenant, hook: WebhookSpec): Promise<Webhook>
  removeWebhook(tenant: Tenant, id: string): Promise<void>
}

export function engineServices(context: Context, parts: ServiceParts): EngineServices {
  const schedules = scheduleService(context)
  const outbox = outboxService(context, parts.deliver, parts.formats)
  const [cron, hooks, retention] = [schedules, outbox, retentionService(context)].map(
    (s) => new ServiceRunner(context, s),
  )
  const all = [cron!, hooks!, retention!]
  const hooksChanged = (): void => {
    outbox.changed()
    hooks!.poke()
  }
  return {
    start: () => {
      for (const runner of all) runner.start()
    },
    stop: async () => {
      await Promise.all(all.map((runner) => runner.stop()))
    },
    reset: () => {
      schedules.changed()
      cron!.poke()
      hooksChanged()
    },
    taskChanged: (tenant, name) => {
      schedules.changed(tenant, name)
      cron!.poke()
    },
    setWebhook: async (tenant, hook) => {
      const set = await setWebhook(context, parts.formats, tenant, hook)
      hooksChanged()
      return set
    },
    removeWebhook: async (tenant, id) => {
      await removeWebhook(context, tenant, id)
      hooksChanged()
    },
  }
}
