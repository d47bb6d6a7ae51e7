/** Thrown to a face's error handler when a bucket is empty; each face says it in its vendor's voice. */
export class TooManyRequests extends Error {
  readonly statusCode = 429
  readonly code = 'TASKPORT_TOO_MANY_REQUESTS'
  readonly retryAfterMs: number
  constructor(retryAfterMs: number) {
    super(`too many requests: try again in ${Math.ceil(retryAfterMs / 1_000)} s`)
    this.retryAfterMs = retryAfterMs
  }
}
