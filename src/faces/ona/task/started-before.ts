import type { Execution } from '../../../core/execution.ts'
import { FACE } from '../auth.ts'
import type { Call } from '../call.ts'
import type { TaskRecord } from '../documents.ts'
import { RETRY_WINDOW_MS } from '../wire/retries.ts'

/** How many retries of its request an execution has answered. */
export const RETRIES_LABEL = 'ona.retries'

const LOOKED_AT = 25

/**
 * What an earlier try of the same StartTask started, if this is a retry and an earlier try arrived. Each execution answers
 * a retry once, so that two calls of one client never become one.
 */
export async function startedBefore(call: Call, task: TaskRecord): Promise<Execution | undefined> {
  const { engine, tenant, retries } = call
  if (retries === 0) return undefined
  const refs = { kind: 'task', task: task.id }
  const { items } = await engine.executions(tenant, { face: FACE, refs }, { limit: LOOKED_AT })
  const found = items.find((e) => isFirstTry(call, e))
  return found && engine.setLabels(tenant, found.id, { [RETRIES_LABEL]: String(retries) }, [])
}

const isFirstTry = ({ engine, caller, retries }: Call, { submission }: Execution): boolean =>
  submission.trigger.kind === 'api' &&
  submission.principal.id === caller.principal.id &&
  submission.acceptedAt > engine.now() - RETRY_WINDOW_MS &&
  Number(submission.labels[RETRIES_LABEL] ?? 0) < retries
