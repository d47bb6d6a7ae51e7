import type { Execution } from '../../../core/execution.ts'
import { isFinal } from '../../../core/execution.ts'
import { asExecutionId } from '../../../core/identity.ts'
import { badField } from '../errors.ts'
import { goneSignal, type Handler } from '../operation-call.ts'
import { ms } from '../parse-step.ts'
import { presentExecution } from '../present.ts'

const LONGEST_MS = 600_000

const runs = ({ status }: Execution): boolean => status.state !== 'pending' && status.state !== 'starting'

export const waitExecution: Handler<'waitExecution'> = async (call) => {
  const { engine, tenant, params, query } = call
  const timeoutMs = query.timeout === undefined ? 30_000 : ms(query.timeout, 'timeout')
  if (timeoutMs > LONGEST_MS) throw badField('timeout', 'at most 10m; ask again after that')
  const id = asExecutionId(params.id)
  const test = query.until === 'running' ? runs : isFinal
  const reached = await engine.waitFor(tenant, id, test, timeoutMs, goneSignal(call))
  if (reached) return { status: 200, body: presentExecution(reached) }
  const execution = await engine.execution(tenant, id)
  return { status: 202, body: presentExecution(execution, engine.waiting(tenant, id)) }
}
