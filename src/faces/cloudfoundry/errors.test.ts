/** The error table of the project's reference on Cloud Foundry (1.7): status, code, title, detail. */
import { expect, test } from 'vitest'
import { EngineError } from '../../core/engine-error.ts'
import * as errors from './errors.ts'

const TABLE: readonly (readonly [errors.CloudFoundryError, number, number, string, string])[] = [
  [
    errors.messageParseError(),
    400,
    1001,
    'CF-MessageParseError',
    'Request invalid due to parse error: invalid request body',
  ],
  [errors.badQuery('x'), 400, 10005, 'CF-BadQueryParameter', 'The query parameter is invalid: x'],
  [errors.notAuthenticated(), 401, 10002, 'CF-NotAuthenticated', 'Authentication error'],
  [errors.invalidToken(), 401, 1000, 'CF-InvalidAuthToken', 'Invalid Auth Token'],
  [errors.notAuthorized(), 403, 10003, 'CF-NotAuthorized', 'You are not authorized to perform the requested action'],
  [errors.orgSuspended(), 403, 10017, 'CF-OrgSuspended', 'The organization is suspended'],
  [errors.featureDisabled('task_creation'), 403, 330002, 'CF-FeatureDisabled', 'Feature Disabled: task_creation'],
  [errors.notFound('Task'), 404, 10010, 'CF-ResourceNotFound', 'Task not found'],
  [errors.processNotFound(), 404, 350003, 'CF-ProcessNotFound', 'The process could not be found'],
  [errors.unknownRequest(), 404, 10000, 'CF-NotFound', 'Unknown request'],
  [errors.unprocessable('x'), 422, 10008, 'CF-UnprocessableEntity', 'x'],
  [errors.uniqueness('x'), 422, 10016, 'CF-UniquenessError', 'x'],
  [errors.beingDeleted('space'), 422, 10020, 'CF-ResourceBeingDeleted', 'The space is being deleted'],
  [errors.rateLimited(), 429, 10013, 'CF-RateLimitExceeded', 'Rate Limit Exceeded'],
  [errors.unknownError(), 500, 10001, 'UnknownError', 'An unknown error occurred.'],
  [errors.unavailable('x'), 503, 10015, 'CF-ServiceUnavailable', 'x'],
  [errors.taskWorkersUnavailable('x'), 503, 170020, 'CF-TaskWorkersUnavailable', 'Task workers are unavailable: x'],
]

test.each(TABLE)('%s', (error, status, code, title, detail) => {
  expect(error.status).toBe(status)
  // The key order is Cloud Controller's too.
  expect(JSON.stringify(errors.bodyOfError(error))).toBe(JSON.stringify({ errors: [{ detail, title, code }] }))
})

test('what the engine and the framework refuse is said as Cloud Controller says it; a fault of ours is none of it', () => {
  const said = (thrown: unknown): readonly unknown[] => {
    const error = errors.asCloudFoundryError(thrown)
    return error ? [error.status, error.code] : []
  }
  expect(said(new EngineError('not_found', 'x'))).toEqual([404, 10010])
  expect(said(new EngineError('conflict', 'x'))).toEqual([422, 10008])
  expect(said(new EngineError('invalid', 'x'))).toEqual([422, 10008])
  expect(said(new EngineError('forbidden', 'x'))).toEqual([403, 10003])
  expect(said(new EngineError('exhausted', 'x'))).toEqual([503, 10015])
  expect(said(new EngineError('unavailable', 'x'))).toEqual([503, 10015])
  expect(said({ statusCode: 429 })).toEqual([429, 10013])
  expect(said({ statusCode: 413 })).toEqual([422, 10008])
  expect(said({ statusCode: 415 })).toEqual([400, 1001])
  expect(said(new Error('x'))).toEqual([])
})
