import { generateKeyPair, randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import type { Document } from '../../../core/ports/store.ts'
import { changeAgain } from '../../kit/documents.ts'
import { putSigningKey, type SigningKeyRecord, signingKeysOf } from '../access/signing-key-record.ts'
import { COLLECTIONS } from '../documents.ts'
import { forbidden, notFound } from '../errors.ts'
import { type Call, NO_CONTENT, type Operation, ok } from '../operation.ts'
import { bodyOf } from '../wire/check-body.ts'
import { listed } from '../wire/list.ts'
import { SigningKeyCreate, SigningKeyPatch } from '../wire/schemas.ts'

const readCreate = bodyOf(SigningKeyCreate)
const readPatch = bodyOf(SigningKeyPatch)
const MOST_KEYS = 10

const present = (key: SigningKeyRecord): object => ({ ...key, projectId: key.userId })

/**
 * POST /access-control/signing-key: the only time that the private half is shown, in PEM (PKCS #8) as base64. Studio
 * answers 201, on which SDK 3.5.0 sees nothing: here it is 200, as its specification says.
 */
export const createSigningKey: Operation = async (call) => {
  const { engine, principal, tenant } = call
  const { name } = readCreate(call.body)
  const existing = await signingKeysOf(engine, tenant)
  if (existing.length >= MOST_KEYS) throw forbidden('user can only have up to 10 signing keys, delete some first')
  const pair = await promisify(generateKeyPair)('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const key: SigningKeyRecord = {
    id: randomUUID(),
    name: name ?? `Signing Key ${existing.length + 1}`,
    userId: principal.id,
    createdAt: engine.now(),
    publicKey: Buffer.from(pair.publicKey, 'utf8').toString('base64'),
  }
  await engine.saveDocuments([putSigningKey(tenant, key)])
  return ok({ ...present(key), privateKey: Buffer.from(pair.privateKey, 'utf8').toString('base64') })
}

/** GET /access-control/signing-key */
export const listSigningKeys: Operation = (call) =>
  listed<SigningKeyRecord>(call, {
    collection: COLLECTIONS.signingKey,
    fields: { id: (k) => k.id, name: (k) => k.name, createdAt: (k) => k.createdAt, userId: (k) => k.userId },
    likeFields: ['name'],
    test: () => true,
    show: async (key) => present(key),
  })

async function find({ engine, tenant, params }: Call, message = 'not found'): Promise<Document<SigningKeyRecord>> {
  const found = await engine.document<SigningKeyRecord>(tenant, COLLECTIONS.signingKey, params.id!)
  if (!found) throw notFound(message)
  return found
}

/** GET /access-control/signing-key/:id */
export const getSigningKey: Operation = async (call) => ok(present((await find(call)).body))

/** PATCH /access-control/signing-key/:id: a disabled one opens nothing. */
export const patchSigningKey: Operation = (call) =>
  changeAgain(async () => {
    const { body, version } = await find(call)
    const { name, disabled } = readPatch(call.body)
    const next = { ...body, ...(name !== undefined && { name }), ...(disabled !== undefined && { disabled }) }
    await call.engine.saveDocuments([putSigningKey(call.tenant, next, version)])
    return NO_CONTENT
  })

/** DELETE /access-control/signing-key/:id */
export const deleteSigningKey: Operation = async (call) => {
  const { key } = await find(call, 'signing key not found')
  const { engine, tenant } = call
  await engine.saveDocuments([{ kind: 'document.delete', tenant, collection: COLLECTIONS.signingKey, key }])
  return NO_CONTENT
}
