import { notFound } from '../../../core/engine-error.ts'
import { type Handler, NO_CONTENT } from '../operation-call.ts'

export const deleteToken: Handler<'deleteToken'> = async ({ parts, params }) => {
  if (!(await parts.context.credentials.revoke(params.id))) throw notFound('credential', params.id)
  return NO_CONTENT
}
