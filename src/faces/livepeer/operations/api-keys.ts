import { randomUUID } from 'node:crypto'
import type { ApiKeyAccess } from '../access/api-key-access.ts'
import { FACE, isAdmin } from '../auth.ts'
import { COLLECTIONS, sortable } from '../documents.ts'
import { forbidden, notFound } from '../errors.ts'
import { type Call, created, NO_CONTENT, type Operation, ok } from '../operation.ts'
import { bodyOf } from '../wire/check-body.ts'
import { listed } from '../wire/list.ts'
import { ApiKey } from '../wire/schemas.ts'

/** What is known of a key besides what it is: that is kept as a hash, and shown once. */
interface ApiKeyRecord {
  /** Names it afterwards; the credential's own id. */
  readonly id: string
  readonly name: string
  readonly userId: string
  readonly createdAt: number
  readonly access?: ApiKeyAccess
}

const read = bodyOf(ApiKey)

const present = (key: ApiKeyRecord): object => ({ ...key, kind: 'api-token', projectId: key.userId })

/** POST /api-token: `id` is the key itself, this once; lists name it otherwise. */
export const createApiKey: Operation = async (call) => {
  const { engine, tenant, principal, parts } = call
  const { name, access, userId = principal.id } = read(call.body)
  if (userId !== principal.id && !isAdmin(principal)) throw forbidden('users may only create their own API tokens')
  const minted = await parts.context.credentials.mint({
    face: FACE,
    tenant,
    kind: 'hashed',
    principal: userId,
    secret: randomUUID(),
    ...(access && { scope: JSON.stringify(access) }),
  })
  const key: ApiKeyRecord = { id: minted.id, name, userId, createdAt: engine.now(), ...(access && { access }) }
  const put = { kind: 'document.put', tenant, collection: COLLECTIONS.apiKey, key: key.id } as const
  await engine.saveDocuments([{ ...put, body: key, sort: sortable(key.createdAt) }])
  return created({ ...present(key), id: minted.secret })
}

/** GET /api-token */
export const listApiKeys: Operation = async (call) => {
  const { principal, query } = call
  const user = query.userId ?? principal.id
  if (user !== principal.id && !isAdmin(principal))
    throw forbidden('user can only request information on their own tokens')
  return listed<ApiKeyRecord>(call, {
    collection: COLLECTIONS.apiKey,
    fields: { id: (k) => k.id, name: (k) => k.name, createdAt: (k) => k.createdAt, userId: (k) => k.userId },
    likeFields: ['name'],
    test: (key) => (query.userId === undefined && isAdmin(principal)) || key.userId === user,
    show: async (key) => present(key),
  })
}

/** By its name or by itself. */
async function find({ engine, tenant, principal, parts, params }: Call): Promise<ApiKeyRecord> {
  const given = params.id!
  const known = await parts.context.credentials.verifiedToken(FACE, given)
  const id = known?.credential?.id ?? given
  const found = await engine.document<ApiKeyRecord>(tenant, COLLECTIONS.apiKey, id)
  if (!found || (found.body.userId !== principal.id && !isAdmin(principal))) throw notFound()
  return found.body
}

/** GET /api-token/:id */
export const getApiKey: Operation = async (call) => ok(present(await find(call)))

/** DELETE /api-token/:id: it opens nothing any more. */
export const deleteApiKey: Operation = async (call) => {
  const { id } = await find(call)
  const { engine, tenant, parts } = call
  await parts.context.credentials.revoke(id)
  await engine.saveDocuments([{ kind: 'document.delete', tenant, collection: COLLECTIONS.apiKey, key: id }])
  return NO_CONTENT
}
