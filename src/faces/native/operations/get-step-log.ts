import { answerLog } from '../log-answer.ts'
import type { Handler } from '../operation-call.ts'

export const getStepLog: Handler<'getStepLog'> = (call) => answerLog(call, call.params.id, call.params.step)
