/** Connect's codes: what a face's operation throws, and what the core's refusals mean in this vendor's words. */
import { Code, ConnectError } from '@connectrpc/connect'
import { EngineError, type ErrorCode } from '../../core/engine-error.ts'
import { TooManyRequests } from '../kit/too-many-requests.ts'

export const invalidArgument = (message: string): ConnectError => new ConnectError(message, Code.InvalidArgument)
export const failedPrecondition = (message: string): ConnectError => new ConnectError(message, Code.FailedPrecondition)
export const noEngine = (reference: string): ConnectError =>
  failedPrecondition(`${reference} runs in an image, and there is no container engine here (see: taskport doctor)`)
export const unauthenticated = (message: string): ConnectError => new ConnectError(message, Code.Unauthenticated)
export const permissionDenied = (message: string): ConnectError => new ConnectError(message, Code.PermissionDenied)
export const alreadyExists = (message: string): ConnectError => new ConnectError(message, Code.AlreadyExists)
export const unimplemented = (message: string): ConnectError => new ConnectError(message, Code.Unimplemented)
/** Where its code says to try again, which would change nothing (ona.md 2.4). */
export const tooLarge = (message: string): ConnectError =>
  new ConnectError(message, Code.ResourceExhausted, { [SHOULD_RETRY]: 'false' })
export const missing = (what: string, id: string): ConnectError =>
  new ConnectError(`${what} ${id} not found`, Code.NotFound)

const CODES: Readonly<Record<ErrorCode, Code>> = {
  not_found: Code.NotFound,
  conflict: Code.Aborted,
  invalid: Code.InvalidArgument,
  forbidden: Code.PermissionDenied,
  exhausted: Code.ResourceExhausted,
  unavailable: Code.Unavailable,
}

/** What was thrown, as Connect says it; what nobody expected is `internal` and tells nothing of us. */
export function asConnectError(thrown: unknown): ConnectError {
  if (thrown instanceof ConnectError) return thrown
  if (thrown instanceof EngineError) return new ConnectError(thrown.message, CODES[thrown.code])
  const internal = new ConnectError('internal error', Code.Internal)
  internal.cause = thrown
  return internal
}

/** What the HTTP framework itself refuses: too large, too often, malformed. Undefined for anything else. */
export function frameworkError(thrown: unknown): ConnectError | undefined {
  if (thrown instanceof ConnectError) return undefined
  if (thrown instanceof TooManyRequests) return tooOften(thrown)
  const status = (thrown as { readonly statusCode?: unknown }).statusCode
  const message = thrown instanceof Error ? thrown.message : 'malformed request'
  if (status === 413) return tooLarge(message)
  return typeof status === 'number' && status >= 400 && status < 500 ? invalidArgument(message) : undefined
}

/** One header for each generation of clients (ona.md 1). */
function tooOften({ message, retryAfterMs }: TooManyRequests): ConnectError {
  const seconds = String(Math.max(1, Math.ceil(retryAfterMs / 1_000)))
  return new ConnectError(message, Code.ResourceExhausted, { 'retry-after': seconds, 'ratelimit-retryafter': seconds })
}

export const SHOULD_RETRY = 'x-should-retry'

/** Codes that a client of the older generation would try again by itself although nothing can change (ona.md 2.4). */
export const isFinalRefusal = (status: number): boolean => status === 409 || status === 501 || status === 500
