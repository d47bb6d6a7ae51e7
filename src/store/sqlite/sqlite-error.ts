import { EngineError } from '../../core/engine-error.ts'
import type { WireError } from './batch-protocol.ts'

/** Primary result codes, https://www.sqlite.org/rescode.html */
const SQLITE_IOERR = 10
const SQLITE_FULL = 13
const SQLITE_CONSTRAINT = 19
/** SQLITE_IOERR_SHMSIZE: the shared memory beside the log could not grow, for want of space. */
const SQLITE_IOERR_SHMSIZE = 4874

const fullCode = (error: unknown): number => Number((error as { readonly errcode?: unknown }).errcode ?? 0)

const primaryCode = (error: unknown): number => fullCode(error) & 0xff

export const isConstraint = (error: unknown): boolean => primaryCode(error) === SQLITE_CONSTRAINT

/** What the store says of an error that is not the change's own fault. */
export function explain(error: unknown): EngineError {
  if (error instanceof EngineError) return error
  const message = error instanceof Error ? error.message : String(error)
  if (primaryCode(error) === SQLITE_FULL || fullCode(error) === SQLITE_IOERR_SHMSIZE)
    return new EngineError('exhausted', 'the disk that holds the database is full', { subject: 'disk' }, error)
  if (primaryCode(error) === SQLITE_IOERR)
    return new EngineError(
      'unavailable',
      `the disk that holds the database fails: ${message}`,
      { subject: 'disk' },
      error,
    )
  return new EngineError('unavailable', `the database failed: ${message}`, { subject: 'database' }, error)
}

export const toWire = (error: EngineError): WireError => ({
  code: error.code,
  message: error.message,
  facts: error.facts,
})

export const fromWire = (error: WireError): EngineError => new EngineError(error.code, error.message, error.facts)
