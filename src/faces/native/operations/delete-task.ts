import { type Handler, NO_CONTENT } from '../operation-call.ts'

export const deleteTask: Handler<'deleteTask'> = async ({ engine, tenant, params, query }) => {
  await engine.deactivateTask(tenant, params.name, query.revision)
  return NO_CONTENT
}
