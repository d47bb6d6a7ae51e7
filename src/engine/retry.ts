import { EngineError, notFound } from '../core/engine-error.ts'
import type { Execution, Submission } from '../core/execution.ts'
import { isFinal } from '../core/execution.ts'
import type { ExecutionId, Principal } from '../core/identity.ts'
import type { Context } from './context.ts'
import { inspect } from './inspect.ts'
import type { SubmissionRequest } from './submission-request.ts'
import { submit } from './submit.ts'

/** A new execution of the same plan, linked by its trigger. A finished one never reopens. */
export async function retry(context: Context, principal: Principal, id: ExecutionId): Promise<Execution> {
  const before = await inspect(context, principal.tenant, id)
  if (!before) throw notFound('execution', id)
  if (!isFinal(before)) throw new EngineError('conflict', `execution ${id} has not ended`, { subject: 'execution', id })
  const [result] = await submit(context, principal, [requestOf(before)])
  if (result?.kind === 'accepted') return result.execution
  throw new EngineError('exhausted', result?.reason.message ?? 'there is no room', { subject: 'execution', id })
}

function requestOf({ id, submission }: Execution): SubmissionRequest {
  const {
    plan,
    task,
    name,
    face,
    timeoutMs,
    retry: policy,
    priority,
    concurrency,
    ifNoRoom,
    placement,
    key,
    labels,
    refs,
    retentionMs,
  } = submission
  const optional: Partial<
    Pick<Submission, 'name' | 'task' | 'timeoutMs' | 'concurrency' | 'placement' | 'key' | 'retentionMs'>
  > = {
    ...(name !== undefined && { name }),
    ...(task && { task }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(concurrency && { concurrency }),
    ...(placement && { placement }),
    ...(key !== undefined && { key }),
    ...(retentionMs !== undefined && { retentionMs }),
  }
  return {
    ...optional,
    ...(policy && { retry: policy }),
    plan,
    face,
    priority,
    ifNoRoom,
    labels,
    refs,
    trigger: { kind: 'retry', source: id },
  }
}
