/** Hands tasks to the engine, all in one commit, and says in ECS's words what became of each. */
import type { Execution } from '../../../core/execution.ts'
import type { ExecutionId } from '../../../core/identity.ts'
import type { RunSpec } from '../../../core/step-spec.ts'
import type { SubmissionRequest, SubmitOptions, SubmitResult } from '../../../engine/submission-request.ts'
import { taskArn } from '../arn.ts'
import { AwsError, isEngineError } from '../errors.ts'
import { taskIdOf } from '../identifiers.ts'
import type { Call } from '../operation.ts'
import { containerRecordOf } from './task-record.ts'

/** Throws ConflictException with the tasks' ARNs when the client token was used for something else. */
export async function submitTasks(
  call: Call,
  cluster: string,
  requests: readonly SubmissionRequest[],
  options: SubmitOptions,
): Promise<readonly SubmitResult[]> {
  if (requests.length === 0) return []
  try {
    const results = await call.engine.submit(call.principal, requests, options)
    for (const result of results) if (result.kind === 'accepted' && !result.repeated) noteImages(call, result.execution)
    return results
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

/** Says in each container's log that its image was not pulled, where a program of this machine takes its place. */
function noteImages(call: Call, e: Execution): void {
  for (const [ordinal, step] of e.submission.plan.steps.entries()) {
    if ((step.work as RunSpec).image !== undefined) continue
    const { image } = containerRecordOf(e, ordinal)
    const text = `no container engine here: image ${image} is not pulled; entryPoint and command run as a program of this machine`
    void call.engine.note(e.tenant, e.id, step.name, text).catch(() => undefined)
  }
}
