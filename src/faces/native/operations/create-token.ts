import { asTenant } from '../../../core/identity.ts'
import { badField } from '../errors.ts'
import { created, type Handler } from '../operation-call.ts'
import { parseInstant } from '../parse.ts'
import { part } from '../parse-step.ts'
import { presentCredential } from '../present-administration.ts'

export const createToken: Handler<'createToken'> = async ({ parts, principal, body }) => {
  const faces = parts.options.faces()
  if (!faces.includes(body.face)) throw badField('face', `there is no face ${body.face}; there are ${faces.join(', ')}`)
  const minted = await parts.context.credentials.mint({
    face: body.face,
    tenant: asTenant(body.tenant),
    principal: body.principal ?? principal.id,
    ...part('kind', body.kind),
    ...part('grants', body.grants),
    ...part('scope', body.scope),
    ...part('name', body.name),
    ...part('secret', body.secret),
    ...part('expiresAt', parseInstant(body.expiresAt, 'expiresAt')),
  })
  return created({ ...presentCredential(minted), secret: minted.secret })
}
