import { stepsOf } from '../../../core/execution.ts'
import { asExecutionId } from '../../../core/identity.ts'
import { type Handler, ok } from '../operation-call.ts'
import { presentStepSpec } from '../present-plan.ts'

export const getPlan: Handler<'getPlan'> = async ({ engine, tenant, params }) => {
  const execution = await engine.execution(tenant, asExecutionId(params.id))
  return ok({ steps: stepsOf(execution).map(presentStepSpec) })
}
