/** Secrets: the value lies sealed with the engine, this face keeps what is shown of it. */
import type { MessageInitShape } from '@bufbuild/protobuf'
import { isEngineError } from '../../../core/engine-error.ts'
import type { Document } from '../../../core/ports/store.ts'
import { changeAgain, put } from '../../kit/documents.ts'
import type { Call } from '../call.ts'
import { COLLECTIONS, type SecretRecord, secretName } from '../documents.ts'
import { alreadyExists, invalidArgument, missing, permissionDenied } from '../errors.ts'
import type * as wire from '../gen/gitpod/v1/secret_pb.js'
import { findProject } from '../project/find-project.ts'
import { filteredPage, pageOf } from '../wire/pagination.ts'
import { creatorOf, subjectOf, timestamp } from '../wire/subject.ts'
import { needUuid } from '../wire/validate.ts'

const NAME = /^[0-9a-zA-Z_]{3,127}$/
const LONGEST_VALUE = 10_240

export async function createSecret(
  call: Call,
  request: wire.CreateSecretRequest,
): Promise<MessageInitShape<typeof wire.CreateSecretResponseSchema>> {
  refuseEnvironments(call)
  const now = call.engine.now()
  const record: SecretRecord = {
    id: call.engine.newExecutionId(),
    name: needName(request.name),
    createdAt: now,
    updatedAt: now,
    creator: creatorOf(call.caller.principal),
    scope: scopeOf(request.scope, request.projectId),
    mount: mountOf(request.mount),
  }
  if (record.scope.kind === 'projectId') await findProject(call, record.scope.id)
  const value = needValue(request.value)
  const nameKey = `${record.scope.kind}/${record.scope.id}/${record.name}`
  await call.engine.setSecret(call.tenant, secretName(record.id), value)
  try {
    const name = put(call.tenant, COLLECTIONS.reference, `secret/${nameKey}`, { id: record.id }, { expected: 0 })
    await call.engine.saveDocuments([name, putSecret(call, record)])
  } catch (error) {
    await call.engine.removeSecret(call.tenant, secretName(record.id))
    if (isEngineError(error, 'conflict')) throw alreadyExists(`a secret named ${record.name} already exists`)
    throw error
  }
  return { secret: present(record) }
}

const putSecret = (call: Call, record: SecretRecord) =>
  put(call.tenant, COLLECTIONS.secret, record.id, record, { sort: record.id })

function needName(name: string): string {
  if (!NAME.test(name)) throw invalidArgument(`name: value does not match regex pattern \`${NAME.source}\``)
  return name
}

function needValue(value: string): string {
  if (value === '' || value.length > LONGEST_VALUE || value.includes('\0'))
    throw invalidArgument(`value: value length must be between 1 and ${LONGEST_VALUE} characters, without NUL`)
  return value
}

function scopeOf(scope: wire.SecretScope | undefined, project: string): SecretRecord['scope'] {
  if (scope?.scope.case !== undefined)
    return { kind: scope.scope.case, id: needUuid(`scope.${scope.scope.case}`, scope.scope.value) }
  if (project !== '') return { kind: 'projectId', id: needUuid('project_id', project) }
  throw invalidArgument('scope: value is required')
}

function mountOf(mount: wire.CreateSecretRequest['mount']): SecretRecord['mount'] {
  if (mount.case === 'environmentVariable' || mount.case === 'apiOnly') return { kind: mount.case, value: '' }
  if (mount.case === undefined) return { kind: 'apiOnly', value: '' }
  throw invalidArgument(`mount: ${mount.case} is not served; there are environment_variable and api_only`)
}

const present = (s: SecretRecord): MessageInitShape<typeof wire.SecretSchema> => ({
  id: s.id,
  name: s.name,
  createdAt: timestamp(s.createdAt)!,
  updatedAt: timestamp(s.updatedAt)!,
  creator: subjectOf(s.creator),
  scope: { scope: { case: s.scope.kind, value: s.scope.id } },
  mount:
    s.mount.kind === 'environmentVariable'
      ? { case: 'environmentVariable', value: true }
      : { case: 'apiOnly', value: true },
  projectId: s.scope.kind === 'projectId' ? s.scope.id : '',
})

export async function listSecrets(
  call: Call,
  { pagination, filter }: wire.ListSecretsRequest,
): Promise<MessageInitShape<typeof wire.ListSecretsResponseSchema>> {
  refuseEnvironments(call)
  const scope = filter?.scope?.scope
  const page = await filteredPage(
    pageOf(call.query, pagination),
    (p) => call.engine.documents<SecretRecord>(call.tenant, COLLECTIONS.secret, p),
    ({ body }) => scope?.case === undefined || (body.scope.kind === scope.case && body.scope.id === scope.value),
  )
  return { pagination: { nextToken: page.next ?? '' }, secrets: page.items.map(({ body }) => present(body)) }
}

export async function updateSecretValue(
  call: Call,
  { secretId, value }: wire.UpdateSecretValueRequest,
): Promise<object> {
  const text = needValue(value)
  await changeAgain(async () => {
    const { body, version } = await find(call, secretId)
    await call.engine.setSecret(call.tenant, secretName(body.id), text)
    const record = { ...body, updatedAt: call.engine.now() }
    await call.engine.saveDocuments([{ ...putSecret(call, record), expected: version }])
  })
  return {}
}

export async function getSecretValue(
  call: Call,
  { secretId }: wire.GetSecretValueRequest,
): Promise<MessageInitShape<typeof wire.GetSecretValueResponseSchema>> {
  const { body } = await find(call, secretId)
  return { value: (await call.engine.resolveSecret(call.tenant, secretName(body.id))) ?? '' }
}

export async function deleteSecret(call: Call, { secretId }: wire.DeleteSecretRequest): Promise<object> {
  const { body } = await find(call, secretId)
  const { tenant } = call
  const nameKey = `secret/${body.scope.kind}/${body.scope.id}/${body.name}`
  await call.engine.saveDocuments([
    { kind: 'document.delete', tenant, collection: COLLECTIONS.secret, key: body.id },
    { kind: 'document.delete', tenant, collection: COLLECTIONS.reference, key: nameKey },
  ])
  await call.engine.removeSecret(tenant, secretName(body.id))
  return {}
}

async function find(call: Call, id: string): Promise<Document<SecretRecord>> {
  refuseEnvironments(call)
  const key = needUuid('secret_id', id)
  const found = await call.engine.document<SecretRecord>(call.tenant, COLLECTIONS.secret, key)
  if (!found) throw missing('secret', key)
  return found
}

/** What runs in an environment gets its secrets as variables, and no others. */
function refuseEnvironments(call: Call): void {
  if (call.caller.environment !== undefined) throw permissionDenied('this token is for one environment')
}
