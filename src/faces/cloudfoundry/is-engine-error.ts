import { EngineError, type ErrorCode } from '../../core/engine-error.ts'

export const isEngineError = (thrown: unknown, code: ErrorCode): thrown is EngineError =>
  thrown instanceof EngineError && thrown.code === code
