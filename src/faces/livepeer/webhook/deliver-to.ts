import type { Document } from '../../../core/ports/store.ts'
import type { LivepeerParts } from '../parts.ts'
import { MEDIA_URL_MARK } from './announce.ts'
import { type HookOutcome, sendToHook } from './send-to-hook.ts'
import { putWebhookLog } from './webhook-log.ts'
import type { DeliveryRecord, WebhookRecord } from './webhook-record.ts'

/** Sends it once; what was sent and answered can be looked up afterwards. */
export async function deliverTo(
  parts: LivepeerParts,
  hook: Document<WebhookRecord>,
  { id, createdAt, event, payload, tenant }: Omit<DeliveryRecord, 'tries' | 'dueAt'>,
  signal: AbortSignal,
): Promise<HookOutcome> {
  const { engine, context, options } = parts
  const timestamp = engine.now()
  const whole = { id, webhookId: hook.key, createdAt, timestamp, event, payload }
  const body = JSON.stringify(whole).replaceAll(MEDIA_URL_MARK, parts.mediaUrl())
  const sender = { engine, vault: context.vault, deliver: options.deliver }
  const outcome = await sendToHook(sender, hook, { timestamp, body }, signal)
  if (!signal.aborted) await engine.saveDocuments([putWebhookLog(hook, { event, timestamp, body, tenant, outcome })])
  return outcome
}
