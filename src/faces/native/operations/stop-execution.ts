import { asExecutionId } from '../../../core/identity.ts'
import { type Handler, ok } from '../operation-call.ts'
import { ms, part } from '../parse-step.ts'
import { presentExecution } from '../present.ts'

export const stopExecution: Handler<'stopExecution'> = async ({ engine, tenant, principal, params, body }) => {
  const graceMs = body?.grace === undefined ? undefined : ms(body.grace, 'grace')
  const how = { by: principal.id, ...part('message', body?.message), ...part('graceMs', graceMs) }
  return ok(presentExecution(await engine.stop(tenant, asExecutionId(params.id), how)))
}
