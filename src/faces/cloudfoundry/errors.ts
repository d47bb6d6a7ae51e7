import { EngineError, type ErrorCode } from '../../core/engine-error.ts'

/** A refusal in Cloud Controller's voice: `{"errors":[{"detail","title","code"}]}` (its key order). */
export class CloudFoundryError extends Error {
  readonly status: number
  readonly title: string
  readonly code: number
  constructor(status: number, code: number, title: string, detail: string) {
    super(detail)
    this.name = title
    this.status = status
    this.code = code
    this.title = title
  }
}

export interface ErrorBody {
  readonly errors: readonly { readonly detail: string; readonly title: string; readonly code: number }[]
}

export const bodyOfError = ({ message, title, code }: CloudFoundryError): ErrorBody => ({
  errors: [{ detail: message, title, code }],
})

/** The same in version 2 of the API. */
export const v2BodyOfError = ({ message, title, code }: CloudFoundryError): object => ({
  description: message,
  error_code: title,
  code,
})

const error = CloudFoundryError
// Codes and titles: cloud_controller_ng errors/v2.yml.
export const messageParseError = (): CloudFoundryError =>
  new error(400, 1001, 'CF-MessageParseError', 'Request invalid due to parse error: invalid request body')
export const badQuery = (detail: string): CloudFoundryError =>
  new error(400, 10005, 'CF-BadQueryParameter', `The query parameter is invalid: ${detail}`)
export const notAuthenticated = (): CloudFoundryError =>
  new error(401, 10002, 'CF-NotAuthenticated', 'Authentication error')
export const invalidToken = (): CloudFoundryError => new error(401, 1000, 'CF-InvalidAuthToken', 'Invalid Auth Token')
export const notAuthorized = (): CloudFoundryError =>
  new error(403, 10003, 'CF-NotAuthorized', 'You are not authorized to perform the requested action')
export const orgSuspended = (): CloudFoundryError =>
  new error(403, 10017, 'CF-OrgSuspended', 'The organization is suspended')
export const featureDisabled = (name: string): CloudFoundryError =>
  new error(403, 330002, 'CF-FeatureDisabled', `Feature Disabled: ${name}`)
/** `thing` as it begins the sentence: App, Task, Droplet … */
export const notFound = (thing: string): CloudFoundryError =>
  new error(404, 10010, 'CF-ResourceNotFound', `${thing} not found`)
export const processNotFound = (): CloudFoundryError =>
  new error(404, 350003, 'CF-ProcessNotFound', 'The process could not be found')
export const unknownRequest = (): CloudFoundryError => new error(404, 10000, 'CF-NotFound', 'Unknown request')
export const unprocessable = (detail: string): CloudFoundryError =>
  new error(422, 10008, 'CF-UnprocessableEntity', detail)
export const uniqueness = (detail: string): CloudFoundryError => new error(422, 10016, 'CF-UniquenessError', detail)
export const rateLimited = (): CloudFoundryError => new error(429, 10013, 'CF-RateLimitExceeded', 'Rate Limit Exceeded')
export const unavailable = (detail: string): CloudFoundryError => new error(503, 10015, 'CF-ServiceUnavailable', detail)
export const taskWorkersUnavailable = (detail: string): CloudFoundryError =>
  new error(503, 170020, 'CF-TaskWorkersUnavailable', `Task workers are unavailable: ${detail}`)
export const beingDeleted = (thing: string): CloudFoundryError =>
  new error(422, 10020, 'CF-ResourceBeingDeleted', `The ${thing} is being deleted`)
export const serviceNameTaken = (name: string): CloudFoundryError =>
  new error(400, 60002, 'CF-ServiceInstanceNameTaken', `The service instance name is taken: ${name}`)
export const appAlreadyBound = (app: string, service: string): CloudFoundryError =>
  new error(
    400,
    90003,
    'CF-ServiceBindingAppServiceTaken',
    `The app is already bound to the service: ${app} ${service}`,
  )
export const unknownError = (): CloudFoundryError => new error(500, 10001, 'UnknownError', 'An unknown error occurred.')

/** Every code of the core, in Cloud Controller's words. Operations that know better answer before it comes to this. */
const FORMS: Readonly<Record<ErrorCode, (message: string) => CloudFoundryError>> = {
  not_found: () => notFound('Resource'),
  conflict: unprocessable,
  invalid: unprocessable,
  forbidden: notAuthorized,
  exhausted: unavailable,
  unavailable,
}

/** What was thrown, as Cloud Controller says it; undefined when it is a fault of ours. */
export function asCloudFoundryError(thrown: unknown): CloudFoundryError | undefined {
  if (thrown instanceof CloudFoundryError) return thrown
  if (thrown instanceof EngineError) return FORMS[thrown.code](thrown.message)
  const status = (thrown as { readonly statusCode?: unknown } | null)?.statusCode
  if (status === 429) return rateLimited()
  if (status === 413) return unprocessable('The request body is too large')
  return typeof status === 'number' && status >= 400 && status < 500 ? messageParseError() : undefined
}
