import { type Handler, ok } from '../operation-call.ts'
import { presentTask } from '../present-plan.ts'

export const getTask: Handler<'getTask'> = async ({ engine, tenant, params, query }) =>
  ok(presentTask(await engine.task(tenant, params.name, query.revision)))
