/** Hands tasks to the engine, all in one commit, and says in ECS's words what became of each. */
import { isEngineError } from '../../../core/engine-error.ts'
import type { ExecutionId } from '../../../core/identity.ts'
import type { SubmissionRequest, SubmitOptions, SubmitResult } from '../../../engine/submission-request.ts'
import { taskArn } from '../arn.ts'
import { AwsError } from '../errors.ts'
import { taskIdOf } from '../identifiers.ts'
import type { Call } from '../operation.ts'

/** Throws ConflictException with the tasks' ARNs when the client token was used for something else. */
export async function submitTasks(
  call: Call,
  cluster: string,
  requests: readonly SubmissionRequest[],
  options: SubmitOptions,
): Promise<readonly SubmitResult[]> {
  if (requests.length === 0) return []
  try {
    return await call.engine.submit(call.principal, requests, options)
  } catch (error) {
    if (!isEngineError(error, 'conflict') || error.facts.subject !== 'idempotency') throw error
    const ids = (error.facts.executions ?? []) as readonly ExecutionId[]
    const resourceIds = ids.map((id) => taskArn(call.home, cluster, taskIdOf(id)))
    throw new AwsError(
      'ConflictException',
      'The client token was already used for a request with other parameters.',
      400,
      {
        resourceIds,
      },
    )
  }
}
