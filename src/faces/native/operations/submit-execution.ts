import { idempotencyOf } from '../../kit/idempotency.ts'
import { BASE_PATH } from '../contract/contract.ts'
import { ProblemError, problem } from '../errors.ts'
import { created, type Handler } from '../operation-call.ts'
import { permitted } from '../outside-sandbox.ts'
import { parseSubmission } from '../parse.ts'
import { presentExecution } from '../present.ts'

export const submitExecution: Handler<'submitExecution'> = async (call) => {
  const { engine, principal, headers, body } = call
  const options = idempotencyOf(headers['idempotency-key'], body)
  const asked = permitted(call, parseSubmission(body))
  const [result] = await engine.submit(principal, [asked instanceof Promise ? await asked : asked], options)
  if (result === undefined) throw new Error('the engine answered nothing for one submission')
  if (result.kind === 'refused') {
    const { reason, shortfalls } = result
    const more = { reason: { ...reason }, shortfalls: [...shortfalls] }
    throw new ProblemError(problem(409, 'no-room', 'No room', reason.message, more))
  }
  const { execution, repeated } = result
  const shown = presentExecution(execution, engine.waiting(execution.tenant, execution.id))
  if (repeated) return { status: 200, body: shown, headers: { 'idempotent-replayed': 'true' } }
  return created(shown, `${BASE_PATH}/executions/${execution.id}`)
}
