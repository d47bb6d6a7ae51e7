import { type Handler, ok } from '../operation-call.ts'
import { pageOf, pageShown } from '../pages.ts'
import { presentTask } from '../present-plan.ts'

export const listTasks: Handler<'listTasks'> = async ({ engine, tenant, query }) =>
  ok(pageShown('tasks', query, await engine.tasks(tenant, pageOf('tasks', query)), presentTask))
