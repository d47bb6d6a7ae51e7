import { type Handler, NO_CONTENT } from '../operation-call.ts'

export const deleteSecret: Handler<'deleteSecret'> = async ({ engine, tenant, params }) => {
  await engine.removeSecret(tenant, params.name)
  return NO_CONTENT
}
