import type { AttemptId } from '../../../core/identity.ts'
import { asTenant, attemptKeyOf } from '../../../core/identity.ts'
import type { MediaFacts } from '../../../media/media-facts.ts'
import { stepsAfterProbe } from '../../../media/media-plan.ts'
import { LivepeerError, unprocessable } from '../errors.ts'
import { NO_CONTENT, type Operation } from '../operation.ts'
import { findTask } from '../task/find-task.ts'
import { storeOf } from '../task/transcode-store.ts'

/** POST /in-task/probed, by the probing program: what was found decides the steps that follow. */
export const probed: Operation = async ({ parts, engine, request, body }) => {
  const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1]
  const claims = token && parts.reportTokens.claims(token, engine.now())
  if (!claims) throw new LivepeerError(401, 'request is not authenticated')
  const { attempt, facts } = body as { readonly attempt?: string; readonly facts?: MediaFacts }
  if (!facts || attemptKeyOf(attempt ?? '')?.execution !== claims.execution) throw unprocessable('bad report')
  const tenant = asTenant(claims.tenant)
  const { body: task } = await findTask(engine, tenant, claims.task)
  if (!task.media) throw unprocessable('bad report')
  const steps = stepsAfterProbe(parts.tools, task.media, facts, storeOf(task))
  if (steps.length === 0) throw unprocessable('no transcode profiles could be resolved')
  await engine.appendSteps(tenant, attempt as AttemptId, steps)
  return NO_CONTENT
}
