import type { Reason } from './reason.ts'

/** The closed set of ways a use case can refuse. Each face maps all of them in one `Record`. */
export type ErrorCode = 'not_found' | 'conflict' | 'invalid' | 'forbidden' | 'exhausted' | 'unavailable'

export interface ErrorFacts {
  /** JSON path of the offending field, e.g. `plan.steps[2].conditions[0].step`. */
  readonly field?: string
  /** What kind of thing was not found or in conflict: `execution`, `task` … */
  readonly subject?: string
  readonly id?: string
  readonly reason?: Reason
  readonly [fact: string]: unknown
}

/** What the core and the engine throw. It knows no HTTP and no vendor. */
export class EngineError extends Error {
  readonly code: ErrorCode
  readonly facts: ErrorFacts
  constructor(code: ErrorCode, message: string, facts: ErrorFacts = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'EngineError'
    this.code = code
    this.facts = facts
  }
}

/** Whether an engine refused for this reason, of this kind of thing where `subject` is given. */
export const isEngineError = (thrown: unknown, code: ErrorCode, subject?: string): thrown is EngineError =>
  thrown instanceof EngineError && thrown.code === code && (subject === undefined || thrown.facts.subject === subject)

export const invalid = (field: string, message: string, facts: ErrorFacts = {}): EngineError =>
  new EngineError('invalid', message, { field, ...facts })

export const notFound = (subject: string, id: string): EngineError =>
  new EngineError('not_found', `no ${subject} ${id}`, { subject, id })
