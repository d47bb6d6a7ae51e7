import { isEngineError } from '../../../core/engine-error.ts'
import type { Execution } from '../../../core/execution.ts'
import { asExecutionId } from '../../../core/identity.ts'
import { FACE } from '../auth.ts'
import { type Call, checkEnvironment } from '../call.ts'
import { missing } from '../errors.ts'
import { needUuid } from '../wire/validate.ts'

/** A task's execution; throws `not_found` for any other. */
export async function findExecution(call: Call, id: string): Promise<Execution> {
  const key = needUuid('id', id)
  try {
    const found = await call.engine.execution(call.tenant, asExecutionId(key))
    if (found.submission.face !== FACE || found.submission.refs.kind !== 'task') throw missing('task execution', key)
    checkEnvironment(call, found.submission.refs.environment ?? '')
    return found
  } catch (error) {
    if (isEngineError(error, 'not_found')) throw missing('task execution', key)
    throw error
  }
}
