import { type Handler, ok } from '../operation-call.ts'
import { presentTask } from '../present-plan.ts'
import { pageOf } from './list-executions.ts'

export const listTasks: Handler<'listTasks'> = async ({ engine, tenant, query }) => {
  const { items, next } = await engine.tasks(tenant, pageOf(query))
  return ok({ items: items.map(presentTask), next })
}
