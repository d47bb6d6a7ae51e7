/** User-provided service instances and their bindings, in version 3 of the API. */
import { appPlaces, orgsOfSpaces } from '../app/app-places.ts'
import { findApp } from '../app/find-app.ts'
import { presentApp } from '../app/present-app.ts'
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
import { type App, COLLECTIONS, type ServiceBinding, type ServiceInstance } from '../documents.ts'
import { notAuthorized, notFound, unprocessable } from '../errors.ts'
import { inTurn } from '../in-turn.ts'
import { type Answer, type Call, created, noContent, type Operation, ok } from '../operation.ts'
import { head, hrefs, metadataOf, toOne } from '../present.ts'
import { answerList, referred } from '../wire/answer-list.ts'
import { answerOne, type Inclusions } from '../wire/inclusion.ts'
import { Problems, relatedGuid } from '../wire/message.ts'
import { changedMetadata, NO_METADATA, parseMetadata } from '../wire/metadata.ts'
import { nameOf } from './organizations.ts'
import { readable } from './packages.ts'
import { findSpace } from './spaces.ts'

const KNOWN = [
  'type',
  'name',
  'credentials',
  'tags',
  'syslog_drain_url',
  'route_service_url',
  'relationships',
  'metadata',
  'parameters',
]
const LAST = { type: 'create', state: 'succeeded', description: 'Operation succeeded' }

const presentInstance = (s: ServiceInstance, base: string): object => ({
  ...head(s),
  name: s.name,
  type: 'user-provided',
  tags: s.tags,
  syslog_drain_url: s.syslogDrainUrl ?? null,
  route_service_url: s.routeServiceUrl ?? null,
  last_operation: { ...LAST, ...lastTimes(s) },
  relationships: { space: toOne(s.space) },
  metadata: metadataOf(s.metadata),
  links: hrefs(base, {
    self: `/v3/service_instances/${s.guid}`,
    space: `/v3/spaces/${s.space}`,
    credentials: `/v3/service_instances/${s.guid}/credentials`,
    service_credential_bindings: `/v3/service_credential_bindings?service_instance_guids=${s.guid}`,
    service_route_bindings: `/v3/service_route_bindings?service_instance_guids=${s.guid}`,
  }),
})

const lastTimes = (resource: ServiceInstance | ServiceBinding): object => {
  const { created_at, updated_at } = head(resource) as { created_at: string; updated_at: string }
  return { created_at, updated_at }
}

const presentBinding = (b: ServiceBinding, base: string): object => ({
  ...head(b),
  name: b.name ?? null,
  type: 'app',
  last_operation: { ...LAST, ...lastTimes(b) },
  metadata: metadataOf(b.metadata),
  relationships: { app: toOne(b.app), service_instance: toOne(b.service) },
  links: hrefs(base, {
    self: `/v3/service_credential_bindings/${b.guid}`,
    details: `/v3/service_credential_bindings/${b.guid}/details`,
    app: `/v3/apps/${b.app}`,
    service_instance: `/v3/service_instances/${b.service}`,
  }),
})

async function checkUnique(call: Call, space: string, name: string, own?: string): Promise<void> {
  if ((await servicesOf(call, space)).some((s) => s.guid !== own && s.name === name))
    throw unprocessable(`The service instance name is taken: ${name}.`)
}

async function create(call: Call): Promise<Answer> {
  const body = call.body()
  const problems = new Problems(body, KNOWN)
  if (body.type !== 'user-provided')
    problems.add("Type must be 'user-provided': this foundation has no service brokers")
  const name = nameOf(body, problems)
  if (body.name === undefined) problems.add("Name can't be blank")
  const parts = servicePartsOf(body, problems)
  const metadata = changedMetadata(NO_METADATA, parseMetadata(body.metadata, problems), problems)
  const guid = relatedGuid(body, 'space')
  problems.check()
  const space = await findSpace(call, guid ?? '').catch(() => {
    throw unprocessable('Invalid space. Ensure that the space exists and you have access to it.')
  })
  await call.access.checkWriteSpace({ space: space.guid, org: space.org })
  await checkUnique(call, space.guid, name!)
  const service = await createService(call, { ...parts, name: name!, space: space.guid, metadata })
  return created(presentInstance(service, call.base))
}

async function update(call: Call): Promise<Answer> {
  const { service, place } = await findService(call, call.param('guid'))
  await call.access.checkWriteSpace(place)
  const body = call.body()
  const problems = new Problems(
    body,
    KNOWN.filter((key) => key !== 'type'),
  )
  const name = nameOf(body, problems)
  const parts = servicePartsOf(body, problems)
  const change = parseMetadata(body.metadata, problems)
  problems.check()
  if (name !== undefined) await checkUnique(call, service.space, name, service.guid)
  const after = await changeService(call, service.guid, (s) => ({
    ...s,
    ...(name !== undefined && { name }),
    ...parts,
    metadata: changedMetadata(s.metadata, change),
  }))
  return ok(presentInstance(after, call.base))
}

async function remove(call: Call): Promise<Answer> {
  const { service, place } = await findService(call, call.param('guid'))
  await call.access.checkWriteSpace(place)
  await removeService(call, service.guid)
  return noContent()
}

async function bind(call: Call): Promise<Answer> {
  const body = call.body()
  const problems = new Problems(body, ['type', 'name', 'relationships', 'parameters', 'metadata', 'strategy'])
  if (body.type !== 'app') problems.add("Type must be 'app'")
  const name = typeof body.name === 'string' && body.name !== '' ? body.name : undefined
  problems.check()
  const { service } = await findService(call, relatedGuid(body, 'service_instance') ?? '').catch(() => {
    throw unprocessable(`The service instance could not be found: '${relatedGuid(body, 'service_instance')}'`)
  })
  const placed = await findApp(call, relatedGuid(body, 'app') ?? '').catch(() => {
    throw unprocessable(`The app could not be found: '${relatedGuid(body, 'app')}'`)
  })
  if (placed.app.space !== service.space)
    throw unprocessable('The service instance and the app are in different spaces')
  await call.access.checkWriteSpace(placed.place)
  if ((await bindingsOf(call, service.guid)).some((b) => b.app === placed.app.guid))
    throw unprocessable('The app is already bound to the service instance')
  const binding = await bindApp(call, service, placed.app, name)
  return created(presentBinding(binding, call.base))
}

async function findBinding(call: Call): Promise<ServiceBinding> {
  const binding = await call.records.find<ServiceBinding>(COLLECTIONS.binding, call.param('guid'))
  if (!binding || !(await readable(call, binding.app))) throw notFound('Service credential binding')
  return binding
}

/** Taken, and without meaning for what has no plan. */
const FIELDS = [
  'fields[space]',
  'fields[space.organization]',
  'fields[service_plan]',
  'fields[service_plan.service_offering]',
  'fields[service_plan.service_offering.service_broker]',
]

async function list(call: Call): Promise<Answer> {
  const orgs = await orgsOfSpaces(call)
  return answerList<ServiceInstance>(call, {
    collection: COLLECTIONS.service,
    filters: {
      names: (s) => s.name,
      space_guids: (s) => s.space,
      organization_guids: (s) => orgs.get(s.space),
      type: () => 'user-provided',
      service_plan_guids: () => undefined,
      service_plan_names: () => undefined,
    },
    orders: { name: (s) => s.name },
    ignored: FIELDS,
    visible: (s) => orgs.has(s.space),
    present: (s) => presentInstance(s, call.base),
  })
}

async function listBindings(call: Call): Promise<Answer> {
  const services = new Map((await call.records.all<ServiceInstance>(COLLECTIONS.service)).map((s) => [s.guid, s]))
  const places = await appPlaces(call)
  return answerList<ServiceBinding>(call, {
    collection: COLLECTIONS.binding,
    filters: {
      names: (b) => b.name,
      app_guids: (b) => b.app,
      app_names: (b) => places.get(b.app)?.app.name,
      service_instance_guids: (b) => b.service,
      service_instance_names: (b) => services.get(b.service)?.name,
      type: () => 'app',
    },
    includes: bindingIncludes(call),
    visible: (b) => places.has(b.app),
    present: (b) => presentBinding(b, call.base),
  })
}

const bindingIncludes = (call: Call): Inclusions<ServiceBinding> => ({
  app: {
    as: 'apps',
    async of(bindings) {
      const apps = bindings.map((binding) => binding.app)
      return (await referred<App>(call, COLLECTIONS.app, apps)).map((app) => presentApp(app, call.base))
    },
  },
  service_instance: {
    as: 'service_instances',
    async of(bindings) {
      const services = bindings.map((binding) => binding.service)
      const found = await referred<ServiceInstance>(call, COLLECTIONS.service, services)
      return found.map((service) => presentInstance(service, call.base))
    },
  },
})

export const SERVICE_OPERATIONS: readonly Operation[] = [
  {
    method: 'GET',
    path: '/v3/service_instances',
    answer: list,
  },
  { method: 'POST', path: '/v3/service_instances', answer: inTurn('services', create) },
  {
    method: 'GET',
    path: '/v3/service_instances/:guid',
    answer: async (call) => ok(presentInstance((await findService(call, call.param('guid'))).service, call.base)),
  },
  { method: 'PATCH', path: '/v3/service_instances/:guid', answer: inTurn('services', update) },
  { method: 'DELETE', path: '/v3/service_instances/:guid', answer: remove },
  {
    method: 'GET',
    path: '/v3/service_instances/:guid/credentials',
    async answer(call) {
      const { service, place } = await findService(call, call.param('guid'))
      if (!(await call.access.canReadSecrets(place))) throw notAuthorized()
      return ok(service.credentials)
    },
  },
  {
    method: 'GET',
    path: '/v3/service_credential_bindings',
    answer: listBindings,
  },
  { method: 'POST', path: '/v3/service_credential_bindings', answer: inTurn('bindings', bind) },
  {
    method: 'GET',
    path: '/v3/service_credential_bindings/:guid',
    answer: async (call) =>
      answerOne(call, await findBinding(call), bindingIncludes(call), (b) => presentBinding(b, call.base)),
  },
  {
    method: 'GET',
    path: '/v3/service_credential_bindings/:guid/details',
    async answer(call) {
      const binding = await findBinding(call)
      const { service, place } = await findService(call, binding.service)
      if (!(await call.access.canReadSecrets(place))) throw notFound('Service credential binding')
      return ok({
        credentials: service.credentials,
        syslog_drain_url: service.syslogDrainUrl ?? null,
        volume_mounts: [],
      })
    },
  },
  {
    method: 'DELETE',
    path: '/v3/service_credential_bindings/:guid',
    async answer(call) {
      const binding = await findBinding(call)
      await call.access.checkWriteSpace((await findApp(call, binding.app)).place)
      await unbindApp(call, binding)
      return noContent()
    },
  },
]
