import type { Static } from 'typebox'
import type { WebhookSpec } from '../../engine/engine.ts'
import { badField } from './errors.ts'
import type { WebhookSpec as Wire } from './wire/administration.ts'

/** `id` where an existing one is changed. */
export function parseWebhook(wire: Static<typeof Wire>, id?: string): WebhookSpec {
  if (!URL.canParse(wire.url)) throw badField('url', 'must be a whole http or https URL')
  return id === undefined ? wire : { ...wire, id }
}
