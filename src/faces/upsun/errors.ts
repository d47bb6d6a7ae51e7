import { EngineError, type ErrorCode } from '../../core/engine-error.ts'

/**
 * A refusal as the clients read it: they print `message`, then `detail` (a map of field → sentence), and cut a body off
 * after about 120 characters, so the reason comes first (reference §1.4, the CLI's ApiResponseException).
 */
export class UpsunError extends Error {
  readonly code: number
  readonly detail: Readonly<Record<string, string>>
  constructor(code: number, message: string, detail: Readonly<Record<string, string>> = {}) {
    super(message)
    this.name = 'UpsunError'
    this.code = code
    this.detail = detail
  }

  body(): object {
    const { code, message, detail } = this
    return { message, code, status: STATUS_TEXTS[code] ?? 'error', ...(Object.keys(detail).length > 0 && { detail }) }
  }
}

const STATUS_TEXTS: Readonly<Record<number, string>> = {
  400: 'bad request',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not found',
  405: 'method not allowed',
  409: 'conflict',
  413: 'payload too large',
  429: 'too many requests',
  500: 'internal error',
  501: 'not implemented',
  503: 'unavailable',
}

export const badRequest = (message: string, detail?: Readonly<Record<string, string>>): UpsunError =>
  new UpsunError(400, message, detail)
export const unauthorized = (message: string): UpsunError => new UpsunError(401, message)
export const forbidden = (message: string): UpsunError => new UpsunError(403, message)
export const notFound = (what: string, name: string): UpsunError => new UpsunError(404, `${what} not found: ${name}`)

/** Every code of the core, as a status of this API. */
const CODES: Readonly<Record<ErrorCode, number>> = {
  not_found: 404,
  conflict: 409,
  invalid: 400,
  forbidden: 403,
  exhausted: 429,
  unavailable: 503,
}

/** What was thrown, in this API's voice; undefined when it is a fault of ours. */
export function asUpsunError(thrown: unknown): UpsunError | undefined {
  if (thrown instanceof UpsunError) return thrown
  if (thrown instanceof EngineError) return ofEngine(thrown)
  const status = (thrown as { readonly statusCode?: unknown } | null)?.statusCode
  if (typeof status === 'number' && status >= 400 && status < 500)
    return new UpsunError(status, thrown instanceof Error ? thrown.message : 'the request is malformed')
  return undefined
}

/** Of a plan the client knows the variables only. */
function ofEngine({ code, message, facts: { field } }: EngineError): UpsunError {
  if (field === undefined) return new UpsunError(CODES[code], message)
  const variable = /^plan\.steps\[\d+\]\.env\.(.+)$/.exec(field)?.[1]
  if (variable === undefined) return new UpsunError(CODES[code], message, { [field]: message })
  return new UpsunError(CODES[code], `variable ${variable}: ${message}`, { [variable]: message })
}

/** An error of the OAuth2 endpoint (RFC 6749, 5.2). The CLI says "The API token is invalid." for a text with those words. */
export class OAuthError extends Error {
  readonly error: string
  readonly status: number
  constructor(error: string, description: string, status = 400) {
    super(description)
    this.name = 'OAuthError'
    this.error = error
    this.status = status
  }
}
