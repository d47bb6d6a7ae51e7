/** Hands tasks to the engine, all in one commit, and says in ECS's words what became of each. */
import { isEngineError } from '../../../core/engine-error.ts'
import type { ExecutionId } from '../../../core/identity.ts'
import type { SubmissionRequest, SubmitOptions, SubmitResult } from '../../../engine/submission-request.ts'
import { taskArn } from '../arn.ts'
import { FACE } from '../auth.ts'
import { AwsError } from '../errors.ts'
import { taskIdOf } from '../identifiers.ts'
import type { Call } from '../operation.ts'
import { taskRecordOf } from './task-record.ts'

type Token = SubmitOptions['idempotency']

/** Throws ConflictException with the tasks' ARNs when the client token was used for something else. */
export async function submitTasks(
  call: Call,
  requests: readonly SubmissionRequest[],
  idempotency?: Token,
): Promise<readonly SubmitResult[]> {
  if (requests.length === 0) return []
  return withConflicts(call, () => call.engine.submit(call.principal, requests, idempotency ? { idempotency } : {}))
}

/**
 * The answer that was given to this client token, whatever has changed since (the definition may be inactive by now);
 * undefined for a new one. Throws like submitTasks.
 */
export async function submittedTasks(call: Call, idempotency: Token): Promise<readonly SubmitResult[] | undefined> {
  if (idempotency === undefined) return undefined
  return withConflicts(call, () => call.engine.submitted(call.tenant, FACE, idempotency))
}

async function withConflicts<T>(call: Call, submit: () => Promise<T>): Promise<T> {
  try {
    return await submit()
  } catch (error) {
    if (!isEngineError(error, 'conflict') || error.facts.subject !== 'idempotency') throw error
    const ids = (error.facts.executions ?? []) as readonly ExecutionId[]
    throw new AwsError(
      'ConflictException',
      'The client token was already used for a request with other parameters.',
      400,
      { resourceIds: await Promise.all(ids.map((id) => arnOf(call, id))) },
    )
  }
}

async function arnOf(call: Call, id: ExecutionId): Promise<string> {
  const e = await call.engine.execution(call.tenant, id).catch(() => undefined)
  return taskArn(call.home, (e && taskRecordOf(e)?.cluster) ?? 'default', taskIdOf(id))
}
