/**
 * Who may leave the sandbox. Outside it a program reads what the server's own user reads: every tenant's work, and the key
 * file that derives the operator's token. So only an operator may ask for `sandbox: off`, run or repeat a plan that does, or
 * run commands inside such a step. What an operator registered still runs by its schedule, and where a step awaits it.
 */
import type { Principal } from '../../core/identity.ts'
import type { StepSpec } from '../../core/step-spec.ts'
import type { SubmissionRequest } from '../../engine/submission-request.ts'
import { forbidden, isOperator } from './auth.ts'
import type { Operation } from './contract/operation.ts'
import type { Call } from './operation-call.ts'

/** Throws 403 where one of these steps is outside and it is no operator who asks. */
export function refuseOutside(principal: Principal, steps: readonly StepSpec[]): void {
  if (isOperator(principal)) return
  const step = steps.find(isOutside)
  if (step) throw forbidden(`step ${step.name} runs outside the sandbox: only the operator may ask for that`)
}

const isOutside = ({ work }: StepSpec): boolean => work.kind === 'run' && work.sandbox?.mode === 'off'

type Asked = Pick<Call<Operation>, 'engine' | 'tenant' | 'principal'>

/** The request, if it may be made; of a registered task the very revision that was looked at. At once where nothing must be read. */
export function permitted(asked: Asked, request: SubmissionRequest): SubmissionRequest | Promise<SubmissionRequest> {
  if (isOperator(asked.principal)) return request
  if (!request.plan) return ofTask(asked, request)
  refuseOutside(asked.principal, request.plan.steps)
  return request
}

async function ofTask({ engine, tenant, principal }: Asked, request: SubmissionRequest): Promise<SubmissionRequest> {
  if (!request.task) return request
  const { name, revision, spec } = await engine.task(tenant, request.task.name, request.task.revision)
  refuseOutside(principal, spec.plan.steps)
  return { ...request, task: { name, revision } }
}
