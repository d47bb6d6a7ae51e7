/** What a task's program finds in its environment (reference 1.11; later wins). */
import type { App, Org, ServiceInstance, Space } from '../documents.ts'
import type { TaskSizes } from './parse-task.ts'

export interface Surroundings {
  readonly app: App
  readonly space: Space
  readonly org: Org
  readonly services: readonly (ServiceInstance & { readonly bindingName?: string; readonly binding: string })[]
  /** The running environment variable group. */
  readonly group: Readonly<Record<string, string>>
  /** Address of this foundation. */
  readonly api: string
}

const FILE_DESCRIPTORS = 16_384

export function taskEnvironment(
  around: Surroundings,
  sizes: Pick<TaskSizes, 'memory' | 'disk'>,
  own: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const databaseUrl = databaseUrlOf(around.services)
  return {
    ...around.group,
    ...around.app.env,
    ...own,
    VCAP_APPLICATION: JSON.stringify(vcapApplication(around, sizes)),
    MEMORY_LIMIT: `${sizes.memory}m`,
    VCAP_SERVICES: JSON.stringify(vcapServices(around.services)),
    ...(around.app.lifecycle.type !== 'docker' && { LANG: 'en_US.UTF-8' }),
    ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }),
  }
}

export const vcapApplication = (
  { app, space, org, api }: Omit<Surroundings, 'services' | 'group'>,
  sizes?: Pick<TaskSizes, 'memory' | 'disk'>,
): object => ({
  cf_api: api,
  limits: { fds: FILE_DESCRIPTORS, ...(sizes && { mem: sizes.memory, disk: sizes.disk }) },
  application_name: app.name,
  application_uris: [],
  name: app.name,
  space_name: space.name,
  space_id: space.guid,
  organization_id: org.guid,
  organization_name: org.name,
  uris: [],
  users: null,
  application_id: app.guid,
  version: app.guid,
  application_version: app.guid,
})

export function vcapServices(services: Surroundings['services']): object {
  if (services.length === 0) return {}
  return {
    'user-provided': services.map((s) => ({
      label: 'user-provided',
      name: s.bindingName ?? s.name,
      tags: s.tags,
      instance_guid: s.guid,
      instance_name: s.name,
      binding_guid: s.binding,
      binding_name: s.bindingName ?? null,
      credentials: s.credentials,
      syslog_drain_url: s.syslogDrainUrl ?? null,
      volume_mounts: [],
    })),
  }
}

const DATABASE = /^(mysql2?|postgres(?:ql)?|db2|informix)(?=:\/\/)/
const ADAPTERS: Readonly<Record<string, string>> = { mysql: 'mysql2', postgresql: 'postgres' }

/** Of the first bound service that is a database, with Rails' name of its adapter (database_uri_generator.rb). */
function databaseUrlOf(services: Surroundings['services']): string | undefined {
  const uris = services.map((s) => s.credentials.uri).filter((uri) => typeof uri === 'string')
  return uris.find((uri) => DATABASE.test(uri))?.replace(DATABASE, (scheme) => ADAPTERS[scheme] ?? scheme)
}
