import { answerExecutionLog } from '../execution-log-answer.ts'
import type { Handler } from '../operation-call.ts'

export const getExecutionLog: Handler<'getExecutionLog'> = (call) => answerExecutionLog(call)
