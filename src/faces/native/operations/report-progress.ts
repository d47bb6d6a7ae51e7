import type { AttemptId } from '../../../core/identity.ts'
import { type Handler, NO_CONTENT } from '../operation-call.ts'
import { part } from '../parse-step.ts'

export const reportProgress: Handler<'reportProgress'> = async ({ engine, tenant, params, body }) => {
  const progress = { ...part('percent', body.percent), ...part('message', body.message) }
  await engine.reportProgress(tenant, params.attempt as AttemptId, progress)
  return NO_CONTENT
}
