import { forbidden } from '../auth.ts'
import { type Handler, NO_CONTENT } from '../operation-call.ts'

export const reset: Handler<'reset'> = async ({ engine, parts }) => {
  if (!parts.options.ephemeral) throw forbidden('only a server that was started with --ephemeral can be reset')
  await engine.reset()
  parts.context.credentials.forget?.()
  return NO_CONTENT
}
