import type { AttemptId } from '../../../core/identity.ts'
import { type Handler, ok } from '../operation-call.ts'
import { refuseOutside } from '../outside-sandbox.ts'
import { parseStep } from '../parse-step.ts'
import { presentExecution } from '../present.ts'

export const appendSteps: Handler<'appendSteps'> = async ({ engine, tenant, principal, params, body }) => {
  const steps = body.steps.map((step, i) => parseStep(step, `steps[${i}]`))
  refuseOutside(principal, steps)
  return ok(presentExecution(await engine.appendSteps(tenant, params.attempt as AttemptId, steps)))
}
