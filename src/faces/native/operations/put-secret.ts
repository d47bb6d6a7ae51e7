import { type Handler, NO_CONTENT } from '../operation-call.ts'

export const putSecret: Handler<'putSecret'> = async ({ engine, tenant, params, body }) => {
  await engine.setSecret(tenant, params.name, body.value)
  return NO_CONTENT
}
