/**
 * What is left of version 2 of the API: user-provided services, because the cf CLI v7 knows no other way to them (seen in
 * v7.1.0: `cups`, `uups`, `services`, `service`, `bind-service`, `unbind-service`, `rename-service`, `delete-service`). Forms: the Cloud
 * Controller v2 documentation; `q=name:db` filters, one page always. Its errors are in routes.ts.
 */
import { findApp } from '../app/find-app.ts'
import { findByName } from '../app/new-app.ts'
import {
  bindApp,
  bindingsOf,
  changeService,
  createService,
  findService,
  removeService,
  servicePartsOf,
  servicesOf,
  unbindApp,
} from '../app/user-provided-services.ts'
import { type App, COLLECTIONS, type Resource, type ServiceBinding, type ServiceInstance } from '../documents.ts'
import { appAlreadyBound, notFound, serviceNameTaken, unprocessable } from '../errors.ts'
import { inTurn } from '../in-turn.ts'
import { type Answer, type Call, created, noContent, type Operation, ok } from '../operation.ts'
import { type Json, Problems } from '../wire/message.ts'
import { timestamp } from '../wire/time.ts'
import { nameOf } from './organizations.ts'
import { readable } from './packages.ts'
import { API_V2_VERSION } from './root.ts'
import { findSpace } from './spaces.ts'

const KNOWN = ['name', 'credentials', 'tags', 'syslog_drain_url', 'route_service_url', 'space_guid']
const HIDDEN = { redacted_message: '[PRIVATE DATA HIDDEN]' }
const LAST = { type: 'create', state: 'succeeded', description: '' }

const resource = (kind: string, { guid, created: at, updated }: Resource, entity: object): object => ({
  metadata: { guid, url: `/v2/${kind}/${guid}`, created_at: timestamp(at), updated_at: timestamp(updated) },
  entity,
})

const page = (resources: readonly object[]): Answer =>
  ok({ total_results: resources.length, total_pages: 1, prev_url: null, next_url: null, resources })

async function presentService(call: Call, s: ServiceInstance): Promise<object> {
  const { place } = await findService(call, s.guid)
  return resource('user_provided_service_instances', s, {
    name: s.name,
    credentials: (await call.access.canReadSecrets(place)) ? s.credentials : HIDDEN,
    space_guid: s.space,
    type: 'user_provided_service_instance',
    syslog_drain_url: s.syslogDrainUrl ?? '',
    route_service_url: s.routeServiceUrl ?? '',
    tags: s.tags,
    space_url: `/v2/spaces/${s.space}`,
    service_bindings_url: `/v2/user_provided_service_instances/${s.guid}/service_bindings`,
    ...(inline(call) && { service_bindings: (await bindingsOf(call, s.guid)).map(presentBinding) }),
  })
}

const inline = (call: Call): boolean => Number(call.query.get('inline-relations-depth') ?? 0) > 0

const presentBinding = (b: ServiceBinding): object =>
  resource('service_bindings', b, {
    app_guid: b.app,
    service_instance_guid: b.service,
    name: b.name ?? null,
    last_operation: { ...LAST, created_at: timestamp(b.created), updated_at: timestamp(b.updated) },
    app_url: `/v2/apps/${b.app}`,
    service_instance_url: `/v2/user_provided_service_instances/${b.service}`,
  })

const presentApp = (app: App): object =>
  resource('apps', app, { name: app.name, space_guid: app.space, state: app.state })

/** `q=name:db`, several or one `q` with `;`: the value that a field must have. */
function wanted(call: Call, field: string): string | undefined {
  const conditions = call.query.getAll('q').flatMap((q) => q.split(';'))
  return conditions.find((condition) => condition.startsWith(`${field}:`))?.slice(field.length + 1)
}

async function list(call: Call): Promise<Answer> {
  const space = await findSpace(call, call.param('guid'))
  const name = wanted(call, 'name')
  const found = (await servicesOf(call, space.guid)).filter((s) => name === undefined || s.name === name)
  return page(await Promise.all(found.map((s) => presentService(call, s))))
}

/** What `cf services` shows. */
async function summary(call: Call): Promise<Answer> {
  const space = await findSpace(call, call.param('guid'))
  const services = await servicesOf(call, space.guid)
  const names = new Map(services.map((s) => [s.guid, s.name]))
  const apps = await call.records.all<App>(COLLECTIONS.app, { name: 'space', value: space.guid })
  const bindings = (await Promise.all(services.map((s) => bindingsOf(call, s.guid)))).flat()
  return ok({
    guid: space.guid,
    name: space.name,
    apps: apps.map(({ guid, name }) => {
      const bound = bindings.filter((b) => b.app === guid).map((b) => names.get(b.service))
      return { guid, name, service_count: bound.length, service_names: bound }
    }),
    services: services.map(({ guid, name }) => ({
      guid,
      name,
      bound_app_count: bindings.filter((b) => b.service === guid).length,
      type: 'user_provided_service_instance',
    })),
  })
}

async function create(call: Call): Promise<Answer> {
  const body = call.body()
  const { name, parts } = messageOf(body)
  if (name === undefined) throw unprocessable("Name can't be blank")
  const space = await findSpace(call, String(body.space_guid))
  await call.access.checkWriteSpace({ space: space.guid, org: space.org })
  if ((await servicesOf(call, space.guid)).some((s) => s.name === name)) throw serviceNameTaken(name)
  return created(await presentService(call, await createService(call, { ...parts, name, space: space.guid })))
}

function messageOf(body: Json): { readonly name: string | undefined; readonly parts: Partial<ServiceInstance> } {
  const problems = new Problems(body, KNOWN)
  const name = nameOf(body, problems)
  const parts = servicePartsOf(body, problems)
  problems.check()
  return { name, parts }
}

async function update(call: Call): Promise<Answer> {
  const { service, place } = await findService(call, call.param('guid'))
  await call.access.checkWriteSpace(place)
  const { name, parts } = messageOf(call.body())
  const others = (await servicesOf(call, service.space)).filter(({ guid }) => guid !== service.guid)
  if (name !== undefined && others.some((s) => s.name === name)) throw serviceNameTaken(name)
  const change = (s: ServiceInstance): ServiceInstance => ({ ...s, ...(name !== undefined && { name }), ...parts })
  return created(await presentService(call, await changeService(call, service.guid, change)))
}

async function remove(call: Call): Promise<Answer> {
  const { service, place } = await findService(call, call.param('guid'))
  await call.access.checkWriteSpace(place)
  await removeService(call, service.guid)
  return noContent()
}

async function bind(call: Call): Promise<Answer> {
  const body = call.body()
  const { service } = await findService(call, String(body.service_instance_guid))
  const { app, place } = await findApp(call, String(body.app_guid))
  if (app.space !== service.space) throw unprocessable('The service instance and the app are in different spaces')
  await call.access.checkWriteSpace(place)
  if ((await bindingsOf(call, service.guid)).some((b) => b.app === app.guid))
    throw appAlreadyBound(app.guid, service.guid)
  const name = typeof body.name === 'string' && body.name !== '' ? body.name : undefined
  return created(presentBinding(await bindApp(call, service, app, name)))
}

async function bindings(call: Call): Promise<Answer> {
  const { service } = await findService(call, wanted(call, 'service_instance_guid') ?? call.param('guid'))
  const app = wanted(call, 'app_guid')
  return page(
    (await bindingsOf(call, service.guid)).filter((b) => app === undefined || b.app === app).map(presentBinding),
  )
}

async function unbind(call: Call): Promise<Answer> {
  const binding = await call.records.find<ServiceBinding>(COLLECTIONS.binding, call.param('guid'))
  if (!binding || !(await readable(call, binding.app))) throw notFound('Service binding')
  await call.access.checkWriteSpace((await findApp(call, binding.app)).place)
  await unbindApp(call, binding)
  return noContent()
}

/** By name in a space: the only way in which the commands above ask. */
async function apps(call: Call): Promise<Answer> {
  const space = await findSpace(call, wanted(call, 'space_guid') ?? '')
  const app = await findByName(call, space.guid, wanted(call, 'name') ?? '')
  return page(app ? [presentApp(app)] : [])
}

/** Answered without a token, as `cf` asks it first. */
export const OPEN_V2_OPERATIONS: readonly Operation[] = [
  {
    method: 'GET',
    path: '/v2/info',
    answer: async ({ base }) =>
      ok({ name: 'Taskport', api_version: API_V2_VERSION, authorization_endpoint: base, token_endpoint: base }),
  },
]

const SERVICES = '/v2/user_provided_service_instances'

export const V2_OPERATIONS: readonly Operation[] = [
  { method: 'GET', path: '/v2/spaces/:guid/summary', answer: summary },
  { method: 'GET', path: '/v2/spaces/:guid/service_instances', answer: list },
  { method: 'GET', path: '/v2/services', answer: async () => page([]) },
  { method: 'POST', path: SERVICES, answer: inTurn('services', create) },
  { method: 'PUT', path: `${SERVICES}/:guid`, answer: inTurn('services', update) },
  { method: 'DELETE', path: `${SERVICES}/:guid`, answer: remove },
  // `cf delete-service` does not ask which kind it is.
  { method: 'DELETE', path: '/v2/service_instances/:guid', answer: remove },
  { method: 'GET', path: `${SERVICES}/:guid/service_bindings`, answer: bindings },
  { method: 'GET', path: '/v2/service_bindings', answer: bindings },
  { method: 'POST', path: '/v2/service_bindings', answer: inTurn('bindings', bind) },
  { method: 'DELETE', path: '/v2/service_bindings/:guid', answer: unbind },
  { method: 'GET', path: '/v2/apps', answer: apps },
  {
    method: 'GET',
    path: '/v2/apps/:guid',
    answer: async (call) => ok(presentApp((await findApp(call, call.param('guid'))).app)),
  },
]
