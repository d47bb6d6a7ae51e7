import { type Handler, ok } from '../operation-call.ts'
import { presentTask } from '../present-plan.ts'
import { pageOf } from './list-executions.ts'

export const listTaskRevisions: Handler<'listTaskRevisions'> = async ({ engine, tenant, params, query }) => {
  const { items, next } = await engine.taskRevisions(tenant, params.name, { ...pageOf(query), ascending: false })
  return ok({ items: items.map(presentTask), next })
}
