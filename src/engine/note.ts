import { notFound } from '../core/engine-error.ts'
import { currentAttempt, stepsOf } from '../core/execution.ts'
import type { ExecutionId, Tenant } from '../core/identity.ts'
import { attemptIdOf } from '../core/identity.ts'
import type { Context } from './context.ts'
import { inspect } from './inspect.ts'

/** A system line in the log of a step's newest attempt. Nothing happens when the step was never begun. */
export async function note(
  context: Context,
  tenant: Tenant,
  id: ExecutionId,
  step: string,
  text: string,
): Promise<void> {
  const execution = await inspect(context, tenant, id)
  if (!execution) throw notFound('execution', id)
  const ordinal = stepsOf(execution).findIndex((s) => s.name === step)
  const attempt = execution.status.steps[ordinal] && currentAttempt(execution.status.steps[ordinal])
  if (attempt) await context.logs.note(tenant, attemptIdOf(id, ordinal, attempt.number), text)
}
