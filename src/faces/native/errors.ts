import type { FastifyError } from 'fastify'
import type { ErrorCode } from '../../core/engine-error.ts'
import { EngineError } from '../../core/engine-error.ts'
import { TooManyRequests } from '../kit/too-many-requests.ts'
import type { Problem } from './wire/problem.ts'

/** Thrown by this face; answered as it stands. */
export class ProblemError extends Error {
  readonly problem: Problem
  readonly headers: Readonly<Record<string, string>>
  constructor(problem: Problem, headers: Readonly<Record<string, string>> = {}) {
    super(problem.detail)
    this.problem = problem
    this.headers = headers
  }
}

export const PROBLEM_TYPE = 'urn:taskport:problem:'

export const problem = (
  status: number,
  code: string,
  title: string,
  detail: string,
  more: Partial<Problem> = {},
): Problem => ({ type: `${PROBLEM_TYPE}${code}`, title, status, detail, ...more })

/** One or more fields are wrong. */
export function badFields(errors: readonly { readonly field: string; readonly detail: string }[]): ProblemError {
  const [first] = errors
  const detail = errors.map((e) => (e.field === '' ? e.detail : `${e.field}: ${e.detail}`)).join('; ')
  const more = { errors: [...errors], ...(first && first.field !== '' && { field: first.field }) }
  return new ProblemError(problem(400, 'invalid', 'The request is not valid', detail, more))
}

/** `field` may begin with a dot where what it belongs to is the body itself. */
export const badField = (field: string, detail: string): ProblemError =>
  badFields([{ field: field.replace(/^\./, ''), detail }])

const BY_CODE: Readonly<Record<ErrorCode, { readonly status: number; readonly title: string }>> = {
  not_found: { status: 404, title: 'No such thing' },
  conflict: { status: 409, title: 'In conflict with what there is' },
  invalid: { status: 400, title: 'The request is not valid' },
  forbidden: { status: 403, title: 'Not yours to do' },
  exhausted: { status: 507, title: 'No room left' },
  unavailable: { status: 503, title: 'Not able to now' },
}

/** Any error → what is answered. `ours`: it is our fault and must be logged. */
export function problemOf(error: unknown): { readonly error: ProblemError; readonly ours: boolean } {
  if (error instanceof ProblemError) return { error, ours: false }
  if (error instanceof EngineError) return { error: ofEngine(error), ours: error.code === 'unavailable' }
  if (error instanceof TooManyRequests) return { error: tooMany(error), ours: false }
  const status = statusOf(error)
  if (status !== undefined && status < 500) return { error: ofFastify(status, error as FastifyError), ours: false }
  const detail = 'the server made a mistake; its log says more under this request id'
  return { error: new ProblemError(problem(500, 'internal', 'Internal error', detail)), ours: true }
}

function ofEngine(error: EngineError): ProblemError {
  const { code, facts, message } = error
  if (code === 'not_found' && facts.subject === 'cursor')
    return new ProblemError(
      problem(410, 'cursor-expired', 'The cursor has expired', 'list again, then watch from the list’s cursor'),
    )
  const { title } = BY_CODE[code]
  // A full disk is the server's trouble; a bound that was reached is the caller's.
  const status = code === 'exhausted' && facts.subject !== 'disk' ? 409 : BY_CODE[code].status
  const { executions } = facts
  const more: Partial<Problem> = {
    ...(facts.field !== undefined && { field: wireField(facts.field) }),
    ...(facts.reason !== undefined && { reason: facts.reason as NonNullable<Problem['reason']> }),
    ...(Array.isArray(executions) && { executions: executions.map(String) }),
  }
  const headers = code === 'unavailable' ? { 'retry-after': '1' } : {}
  return new ProblemError(problem(status, code.replace('_', '-'), title, message, more), headers)
}

/** The core's path of a field in the words of this wire. */
function wireField(field: string): string {
  return field
    .replace(/\bplan\./, '')
    .replace(/^plan$/, 'steps')
    .replace(/\.conditions\b/, '.needs')
    .replace(/\.work\.argv\b/, '.run')
    .replace(/\.work\b/, '')
    .replace(/\.resources\.cpuUnits\b/, '.cpu')
    .replace(/\.resources\.memoryBytes\b/, '.memory')
    .replace(/\.resources\b/, '')
}

const tooMany = (error: TooManyRequests): ProblemError =>
  new ProblemError(problem(429, 'too-many-requests', 'Too many requests', error.message), {
    'retry-after': String(Math.max(1, Math.ceil(error.retryAfterMs / 1_000))),
  })

const statusOf = (error: unknown): number | undefined =>
  error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : undefined

const TITLES: Readonly<Record<number, readonly [code: string, title: string]>> = {
  400: ['malformed', 'The request cannot be read'],
  404: ['not-found', 'No such thing'],
  413: ['too-large', 'The body is too large'],
  414: ['too-long', 'The address is too long'],
  415: ['media-type', 'The body must be application/json'],
}

function ofFastify(status: number, error: FastifyError): ProblemError {
  const [code, title] = TITLES[status] ?? ['refused', 'Refused']
  return new ProblemError(problem(status, code, title, error.message))
}
