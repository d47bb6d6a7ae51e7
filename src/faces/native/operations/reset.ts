import { forbidden } from '../auth.ts'
import { type Handler, NO_CONTENT } from '../operation-call.ts'

export const reset: Handler<'reset'> = async ({ engine, parts }) => {
  if (!parts.options.ephemeral) throw forbidden('only a server that was started with --ephemeral can be reset')
  await (parts.options.reset ?? (() => engine.reset()))()
  return NO_CONTENT
}
