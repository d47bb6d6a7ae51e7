/** Feature flags and environment variable groups. */
import { environmentGroup, type Setting } from '../app/environment-group.ts'
import { COLLECTIONS } from '../documents.ts'
import { notFound, unprocessable } from '../errors.ts'
import { type Call, type Operation, ok } from '../operation.ts'
import { hrefs } from '../present.ts'
import { forbiddenName } from '../task/parse-task.ts'
import { refreshAllSeries } from '../task/refresh-series.ts'
import { isObject, Problems } from '../wire/message.ts'
import { pageDocument } from '../wire/page-document.ts'
import { timestamp } from '../wire/time.ts'

const FLAGS: Readonly<Record<string, boolean>> = {
  app_bits_upload: true,
  app_scaling: true,
  diego_docker: true,
  env_var_visibility: true,
  service_instance_creation: true,
  set_roles_by_username: true,
  task_creation: true,
  unset_roles_by_username: true,
  user_org_creation: false,
}

const flag = async (call: Call, name: string): Promise<Setting | undefined> =>
  call.records.find<Setting>(COLLECTIONS.setting, `flag/${name}`)

export async function featureEnabled(call: Call, name: string): Promise<boolean> {
  const stored = await flag(call, name)
  return stored ? stored.value === true : (FLAGS[name] ?? false)
}

async function presentFlag(call: Call, name: string): Promise<object> {
  if (FLAGS[name] === undefined) throw notFound('Feature flag')
  const stored = await flag(call, name)
  return {
    name,
    enabled: await featureEnabled(call, name),
    updated_at: stored ? timestamp(stored.updated) : null,
    custom_error_message: null,
    links: hrefs(call.base, { self: `/v3/feature_flags/${name}` }),
  }
}

async function presentGroup(call: Call, name: string): Promise<object> {
  if (name !== 'running' && name !== 'staging') throw notFound('Environment variable group')
  const stored = await call.records.find<Setting>(COLLECTIONS.setting, `group/${name}`)
  return {
    updated_at: stored ? timestamp(stored.updated) : null,
    name,
    var: stored?.value ?? {},
    links: hrefs(call.base, { self: `/v3/environment_variable_groups/${name}` }),
  }
}

const keep = (call: Call, guid: string, value: unknown): Promise<void> =>
  call.records.save(call.records.putOf(COLLECTIONS.setting, { ...call.records.fresh(), guid, value } as Setting))

/**
 * `{"var":{NAME: text|null}}`: null takes away. `label` is how the variables are spoken of. Throws CF-UnprocessableEntity
 * (UpdateEnvironmentVariablesMessage).
 */
export function changedVariables(
  before: Readonly<Record<string, string>>,
  change: unknown,
  label = 'Var',
): Readonly<Record<string, string>> {
  if (!isObject(change)) throw unprocessable(`${label} must be an object`)
  const problems = new Problems({}, [])
  const after = new Map(Object.entries(before))
  for (const [name, value] of Object.entries(change)) {
    const wrong = variableProblem(name, value, label)
    if (wrong) problems.add(wrong)
    if (value === null) after.delete(name)
    else after.set(name, String(value))
  }
  problems.check()
  return Object.fromEntries(after)
}

function variableProblem(name: string, value: unknown, label: string): string | undefined {
  const wrong = forbiddenName(name)
  if (wrong) return `${label} ${wrong}`
  if (value !== null && typeof value !== 'string')
    return `Non-string value in environment variable for key '${name}', value '${JSON.stringify(value)}'`
  return name.includes('=') || `${name}${value}`.includes('\0')
    ? `${label} must not contain NUL, nor names with =`
    : undefined
}

export const SETTING_OPERATIONS: readonly Operation[] = [
  {
    method: 'GET',
    path: '/v3/feature_flags',
    async answer(call) {
      const flags = await Promise.all(Object.keys(FLAGS).map((name) => presentFlag(call, name)))
      const query = { page: 1, perPage: 50, repeated: [] }
      return ok(pageDocument(call.base + call.path, query, flags.length, flags))
    },
  },
  {
    method: 'GET',
    path: '/v3/feature_flags/:name',
    answer: async (call) => ok(await presentFlag(call, call.param('name'))),
  },
  {
    method: 'PATCH',
    path: '/v3/feature_flags/:name',
    async answer(call) {
      call.access.checkAdmin()
      const name = call.param('name')
      if (FLAGS[name] === undefined) throw notFound('Feature flag')
      const { enabled } = call.body()
      if (typeof enabled !== 'boolean') throw unprocessable('Enabled must be a boolean')
      await keep(call, `flag/${name}`, enabled)
      return ok(await presentFlag(call, name))
    },
  },
  {
    method: 'GET',
    path: '/v3/environment_variable_groups/:name',
    answer: async (call) => ok(await presentGroup(call, call.param('name'))),
  },
  {
    method: 'PATCH',
    path: '/v3/environment_variable_groups/:name',
    async answer(call) {
      call.access.checkAdmin()
      const name = call.param('name')
      await presentGroup(call, name)
      await keep(call, `group/${name}`, changedVariables(await environmentGroup(call, name), call.body().var))
      await refreshAllSeries(call)
      return ok(await presentGroup(call, name))
    },
  },
]
