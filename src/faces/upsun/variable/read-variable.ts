import type { Call } from '../call.ts'
import { isVariableName } from '../config/read-task-parts.ts'
import type { VariableRecord } from '../documents.ts'
import { badRequest } from '../errors.ts'
import { flagOf, isObject, type JsonObject, onlyKeys, textOf } from '../wire/read-body.ts'
import { type Level, variableKey } from './variable-store.ts'

const KEYS = [
  ...['name', 'value', 'attributes', 'is_json', 'is_sensitive', 'visible_build', 'visible_runtime'],
  ...['application_scope', 'is_enabled', 'is_inheritable', 'environment'],
]

const LONGEST_BYTES = 65_536

/** A new variable, or with `before` a changed one. A sensitive value goes to the tenant's secrets, under a new name each time. */
export async function readVariable(
  call: Call,
  level: Level,
  body: JsonObject,
  before: VariableRecord | undefined,
): Promise<VariableRecord> {
  onlyKeys(body, KEYS)
  const name = textOf(body, 'name', before?.name)
  checkName(name, before)
  const isJson = flagOf(body, 'is_json', before?.isJson ?? false)
  const isSensitive = before?.isSensitive === true || flagOf(body, 'is_sensitive', false)
  const flags = {
    isJson,
    isSensitive,
    visibleBuild: flagOf(body, 'visible_build', before?.visibleBuild ?? true),
    visibleRuntime: flagOf(body, 'visible_runtime', before?.visibleRuntime ?? true),
    isEnabled: flagOf(body, 'is_enabled', before?.isEnabled ?? true),
    isInheritable: flagOf(body, 'is_inheritable', before?.isInheritable ?? true),
  }
  const now = call.engine.now()
  const value = givenValueOf(body, isJson, before)
  return {
    ...level,
    name,
    ...flags,
    ...(await kept(call, level, name, value, isSensitive, before)),
    applicationScope: scopeOf(body, before),
    attributes: attributesOf(body, before),
    createdAt: before?.createdAt ?? now,
    updatedAt: now,
  }
}

function checkName(name: string, before: VariableRecord | undefined): void {
  if (before && name !== before.name)
    throw badRequest('name: a variable cannot be renamed', { name: 'cannot be changed' })
  if (!/^[A-Za-z0-9._:|/-]{1,256}$/.test(name))
    throw badRequest('name: letters, digits and ._:|/- are allowed', { name: 'invalid' })
  if (name.startsWith('env:') && !isVariableName(name.slice(4)))
    throw badRequest(`name: ${name.slice(4)} cannot be the name of a Unix variable`, { name: 'invalid' })
}

/** undefined: as before. */
function givenValueOf(body: JsonObject, isJson: boolean, before: VariableRecord | undefined): string | undefined {
  if (body.value === undefined && before) return undefined
  const value = body.value
  const text = typeof value === 'string' ? value : isJson && value !== undefined ? JSON.stringify(value) : undefined
  if (text === undefined) throw badRequest('value: a text is needed', { value: 'a text is needed' })
  if (Buffer.byteLength(text) > LONGEST_BYTES)
    throw badRequest(`value: at most ${LONGEST_BYTES} bytes are possible`, { value: 'too long' })
  if (text.includes('\0')) throw badRequest('value: a NUL byte cannot be passed to a program', { value: 'invalid' })
  if (isJson && !isJsonText(text)) throw badRequest('value: it is not JSON', { value: 'not JSON' })
  return text
}

function isJsonText(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function scopeOf(body: JsonObject, before: VariableRecord | undefined): readonly string[] {
  const scope = body.application_scope ?? before?.applicationScope ?? []
  if (Array.isArray(scope) && scope.every((one) => typeof one === 'string')) return scope
  throw badRequest('application_scope: a list of names is needed', { application_scope: 'a list of names is needed' })
}

function attributesOf(body: JsonObject, before: VariableRecord | undefined): VariableRecord['attributes'] {
  const attributes = body.attributes ?? before?.attributes ?? {}
  if (Array.isArray(attributes) && attributes.length === 0) return {}
  if (isObject(attributes) && Object.values(attributes).every((one) => typeof one === 'string'))
    return attributes as Readonly<Record<string, string>>
  throw badRequest('attributes: a mapping of name → text is needed', { attributes: 'a mapping of texts is needed' })
}

async function kept(
  call: Call,
  level: Level,
  name: string,
  value: string | undefined,
  isSensitive: boolean,
  before: VariableRecord | undefined,
): Promise<Pick<VariableRecord, 'value' | 'secret'>> {
  if (value === undefined && before?.secret !== undefined) return { secret: before.secret }
  const text = value ?? before?.value ?? ''
  if (!isSensitive) return { value: text }
  // A new name each time: what is deployed keeps the value that it was deployed with.
  const secret = `upsun.${variableKey(level, name)}.${call.engine.newExecutionId()}`
  await call.engine.setSecret(call.tenant, secret, text)
  return { secret }
}
