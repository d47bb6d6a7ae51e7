import { createHmac } from 'node:crypto'
import type { Instant } from '../core/instant.ts'
import type { WebhookMessage } from './webhook-format.ts'

/**
 * The headers of one try, in the spirit of Standard Webhooks (standardwebhooks.com): `taskport-id` is the same for every
 * try of a delivery, `taskport-timestamp` (Unix seconds) is the try's own, `taskport-signature` is `v1=` and the
 * HMAC-SHA256 of `<timestamp>.<body>` in hex.
 */
export function signDelivery(
  id: string,
  message: WebhookMessage,
  secret: string,
  at: Instant,
): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(at / 1_000))
  const signature = createHmac('sha256', secret).update(`${timestamp}.${message.body}`, 'utf8').digest('hex')
  const lowerCased = Object.entries(message.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value])
  return {
    ...Object.fromEntries(lowerCased),
    'content-type': message.contentType,
    'taskport-id': id,
    'taskport-timestamp': timestamp,
    'taskport-signature': `v1=${signature}`,
  }
}
