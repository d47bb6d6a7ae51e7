import { type Handler, ok } from '../operation-call.ts'

export const countExecutions: Handler<'countExecutions'> = async ({ engine, tenant }) =>
  ok(await engine.countExecutions(tenant))
