import { asTenant } from '../../../core/identity.ts'
import { type Handler, ok } from '../operation-call.ts'
import { part } from '../parse-step.ts'
import { presentCredential } from '../present-administration.ts'

export const listTokens: Handler<'listTokens'> = async ({ parts, query }) => {
  const tenant = query.tenant === undefined ? undefined : asTenant(query.tenant)
  const views = await parts.context.credentials.list({ ...part('face', query.face), ...part('tenant', tenant) })
  return ok({ items: views.map(presentCredential) })
}
