import { answerLog } from '../log-answer.ts'
import type { Handler } from '../operation-call.ts'

export const getLog: Handler<'getLog'> = (call) => answerLog(call, call.params.id, call.query.step)
