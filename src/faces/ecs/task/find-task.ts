import { isEngineError } from '../../../core/engine-error.ts'
import type { Execution } from '../../../core/execution.ts'
import { idWithin } from '../arn.ts'
import { executionIdOf } from '../identifiers.ts'
import type { Call } from '../operation.ts'
import { taskRecordOf } from './task-record.ts'

/** The task of this cluster by id or ARN; undefined when there is none. Throws for an ARN of another cluster. */
export async function findTask(call: Call, cluster: string, given: string): Promise<Execution | undefined> {
  const id = executionIdOf(idWithin(call.home, 'task', given, cluster))
  if (id === undefined) return undefined
  const e = await call.engine.execution(call.tenant, id).catch((error: unknown) => {
    if (!isEngineError(error, 'not_found')) throw error
    return undefined
  })
  return e && taskRecordOf(e)?.cluster === cluster ? e : undefined
}
