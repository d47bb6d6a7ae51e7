import { isOperator } from '../auth.ts'
import { type Handler, ok } from '../operation-call.ts'

export const getInfo: Handler<'getInfo'> = async ({ parts, principal }) => {
  const { options, context } = parts
  return ok({
    version: options.version,
    node: process.version,
    auth: context.auth,
    ephemeral: options.ephemeral,
    faces: options.faces(),
    principal: principal.id,
    tenant: principal.tenant,
    operator: isOperator(principal),
    executors: options.executors().map(({ kind, capabilities }) => ({ kind, ...capabilities })),
  })
}
