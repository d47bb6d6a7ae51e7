import { asExecutionId } from '../../../core/identity.ts'
import { BASE_PATH } from '../contract/contract.ts'
import { created, type Handler } from '../operation-call.ts'
import { presentExecution } from '../present.ts'

export const retryExecution: Handler<'retryExecution'> = async ({ engine, principal, params }) => {
  const execution = await engine.retry(principal, asExecutionId(params.id))
  return created(presentExecution(execution), `${BASE_PATH}/executions/${execution.id}`)
}
