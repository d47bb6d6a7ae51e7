import { type Handler, NO_CONTENT } from '../operation-call.ts'

export const resumeDispatch: Handler<'resumeDispatch'> = async ({ engine }) => {
  engine.holdDispatch(false)
  return NO_CONTENT
}
