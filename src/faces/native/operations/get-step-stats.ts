import { EngineError } from '../../../core/engine-error.ts'
import { asExecutionId } from '../../../core/identity.ts'
import { type Handler, ok } from '../operation-call.ts'
import { presentStats } from '../present-following.ts'

export const getStepStats: Handler<'getStepStats'> = async ({ engine, tenant, params }) => {
  const stats = await engine.stats(tenant, asExecutionId(params.id), params.step)
  if (!stats) throw new EngineError('conflict', `step ${params.step} does not run, or its executor measures nothing`)
  return ok(presentStats(stats))
}
