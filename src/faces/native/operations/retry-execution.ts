import { stepsOf } from '../../../core/execution.ts'
import { asExecutionId } from '../../../core/identity.ts'
import { isOperator } from '../auth.ts'
import { BASE_PATH } from '../contract/contract.ts'
import { created, type Handler } from '../operation-call.ts'
import { refuseOutside } from '../outside-sandbox.ts'
import { presentExecution } from '../present.ts'

export const retryExecution: Handler<'retryExecution'> = async ({ engine, tenant, principal, params }) => {
  const id = asExecutionId(params.id)
  if (!isOperator(principal)) refuseOutside(principal, stepsOf(await engine.execution(tenant, id)))
  const execution = await engine.retry(principal, id)
  return created(presentExecution(execution), `${BASE_PATH}/executions/${execution.id}`)
}
