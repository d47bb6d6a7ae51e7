import { asExecutionId } from '../../../core/identity.ts'
import { type Handler, NO_CONTENT } from '../operation-call.ts'

export const deleteExecution: Handler<'deleteExecution'> = async ({ engine, tenant, params }) => {
  await engine.remove(tenant, asExecutionId(params.id))
  return NO_CONTENT
}
