import { type Handler, NO_CONTENT } from '../operation-call.ts'

export const deleteShared: Handler<'deleteShared'> = async ({ engine, tenant, query }) => {
  await engine.removeShared(tenant, query.source)
  return NO_CONTENT
}
