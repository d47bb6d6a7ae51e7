/** The older generation's clients send a request again when its reply was lost, and count aloud; there is no other key. */
import type { IncomingHttpHeaders } from 'node:http'

/** How often this very request was sent before. */
export function retriesOf(headers: IncomingHttpHeaders): number {
  const text = headers['x-stainless-retry-count']
  return typeof text === 'string' && /^\d{1,3}$/.test(text) ? Number(text) : 0
}

/** Its clients wait 60 s for a reply and up to 8 s before they ask again, three times at most. */
export const RETRY_WINDOW_MS = 3 * 68_000
