import { EngineError, type ErrorCode } from '../../core/engine-error.ts'

/** A refusal in Livepeer Studio's voice: a status and `{"errors": […]}`. */
export class LivepeerError extends Error {
  readonly status: number
  readonly errors: readonly string[]
  constructor(status: number, ...errors: readonly string[]) {
    super(errors.join('; '))
    this.name = 'LivepeerError'
    this.status = status
    this.errors = errors
  }
}

export const badRequest = (message: string): LivepeerError => new LivepeerError(400, message)
export const forbidden = (message: string): LivepeerError => new LivepeerError(403, message)
export const notFound = (message = 'not found'): LivepeerError => new LivepeerError(404, message)
export const unprocessable = (message: string): LivepeerError => new LivepeerError(422, message)
/** What this server does not do, however it is asked. */
export const notImplemented = (message: string): LivepeerError => new LivepeerError(501, message)

/** Every code of the core. Operations that know better answer before it comes to this. */
const STATUS: Readonly<Record<ErrorCode, number>> = {
  not_found: 404,
  conflict: 409,
  invalid: 422,
  forbidden: 403,
  exhausted: 429,
  unavailable: 503,
}

/** What was thrown, as it is answered; undefined when it is a fault of ours. */
export function asLivepeerError(thrown: unknown): LivepeerError | undefined {
  if (thrown instanceof LivepeerError) return thrown
  if (thrown instanceof EngineError) return new LivepeerError(STATUS[thrown.code], thrown.message)
  const { statusCode, message } = thrown as { readonly statusCode?: unknown; readonly message?: unknown }
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500)
    return new LivepeerError(statusCode, String(message))
  return undefined
}
