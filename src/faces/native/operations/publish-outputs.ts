import type { AttemptId } from '../../../core/identity.ts'
import { type Handler, NO_CONTENT } from '../operation-call.ts'

export const publishOutputs: Handler<'publishOutputs'> = async ({ engine, tenant, params, body }) => {
  await engine.publishOutputs(tenant, params.attempt as AttemptId, body.outputs)
  return NO_CONTENT
}
