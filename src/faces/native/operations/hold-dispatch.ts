import { type Handler, NO_CONTENT } from '../operation-call.ts'

export const holdDispatch: Handler<'holdDispatch'> = async ({ engine }) => {
  engine.holdDispatch(true)
  return NO_CONTENT
}
