import { asExecutionId } from '../../../core/identity.ts'
import { type Handler, ok } from '../operation-call.ts'
import { presentExecution } from '../present.ts'

export const setLabels: Handler<'setLabels'> = async ({ engine, tenant, params, body }) =>
  ok(presentExecution(await engine.setLabels(tenant, asExecutionId(params.id), body.set ?? {}, body.remove ?? [])))
