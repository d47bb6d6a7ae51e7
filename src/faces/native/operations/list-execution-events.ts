import { asExecutionId } from '../../../core/identity.ts'
import type { Handler } from '../operation-call.ts'
import { answerEvents } from './list-events.ts'

export const listExecutionEvents: Handler<'listExecutionEvents'> = async (call) => {
  await call.engine.execution(call.tenant, asExecutionId(call.params.id))
  return answerEvents(call, call.params.id)
}
