/** What went wrong at the engine, in its own words. */

/** HTTP status of an answer; undefined when there was no answer. */
export function statusOf(error: unknown): number | undefined {
  const status = (error as { statusCode?: unknown }).statusCode
  return typeof status === 'number' ? status : undefined
}

const AWAY = new Set([
  'ECONNREFUSED',
  'ENOENT',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'ENETUNREACH',
])

/** No engine answered: it may be back later, and what it did with the request is not known. */
export function isAway(error: unknown): boolean {
  if (statusOf(error) !== undefined) return false
  const { code, message } = error as { code?: string; message?: string }
  return AWAY.has(code ?? '') || /socket hang up|aborted/.test(message ?? '')
}

/** The engine's sentence, without the client's decoration; one line. */
export function wordsOf(error: unknown): string {
  const { json, reason, message } = error as { json?: { message?: unknown }; reason?: unknown; message?: unknown }
  const words =
    [json?.message, message, reason].find((text) => typeof text === 'string' && text !== '') ?? String(error)
  return String(words).replace(/\s+/g, ' ').trim()
}
