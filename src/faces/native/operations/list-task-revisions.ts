import { type Handler, ok } from '../operation-call.ts'
import { pageOf, pageShown } from '../pages.ts'
import { presentTask } from '../present-plan.ts'

export const listTaskRevisions: Handler<'listTaskRevisions'> = async ({ engine, tenant, params, query }) => {
  const list = `tasks/${params.name}`
  const page = await engine.taskRevisions(tenant, params.name, pageOf(list, query, false))
  return ok(pageShown(list, query, page, presentTask))
}
