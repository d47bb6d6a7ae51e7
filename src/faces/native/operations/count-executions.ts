import { type Handler, ok } from '../operation-call.ts'
import { filterOf } from '../parse-filter.ts'

export const countExecutions: Handler<'countExecutions'> = async ({ engine, tenant, query }) =>
  ok(await engine.countExecutions(tenant, Object.keys(query).length === 0 ? undefined : filterOf(query)))
