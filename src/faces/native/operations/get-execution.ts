import { asExecutionId } from '../../../core/identity.ts'
import { type Handler, ok } from '../operation-call.ts'
import { presentExecution } from '../present.ts'

export const getExecution: Handler<'getExecution'> = async ({ engine, tenant, params }) => {
  const execution = await engine.execution(tenant, asExecutionId(params.id))
  const waits = execution.status.state === 'pending'
  return ok(presentExecution(execution, waits ? engine.waiting(tenant, execution.id) : undefined))
}
