/** User-provided service instances and their bindings to apps; there is no marketplace here. Whoever asks must be allowed. */
import { type App, COLLECTIONS, type ServiceBinding, type ServiceInstance, type Space } from '../documents.ts'
import { notFound } from '../errors.ts'
import type { Call } from '../operation.ts'
import { findSpace } from '../operations/spaces.ts'
import { refreshSeriesOf } from '../task/refresh-series.ts'
import { isObject, type Json, type Problems } from '../wire/message.ts'
import { NO_METADATA } from '../wire/metadata.ts'

export interface PlacedService {
  readonly service: ServiceInstance
  readonly space: Space
  readonly place: { readonly space: string; readonly org: string }
}

const indexes = (s: ServiceInstance): Readonly<Record<string, string>> => ({ space: s.space })

/** One that the caller may see. Throws 404. */
export async function findService(call: Call, guid: string): Promise<PlacedService> {
  const service = await call.records.find<ServiceInstance>(COLLECTIONS.service, guid)
  const space = service && (await findSpace(call, service.space).catch(() => undefined))
  if (!service || !space) throw notFound('Service instance')
  return { service, space, place: { space: space.guid, org: space.org } }
}

export const servicesOf = (call: Call, space: string): Promise<ServiceInstance[]> =>
  call.records.all<ServiceInstance>(COLLECTIONS.service, { name: 'space', value: space })

export type ServiceParts = Pick<Partial<ServiceInstance>, 'credentials' | 'tags' | 'syslogDrainUrl' | 'routeServiceUrl'>

/** What a message says of an instance, under the names that both versions of the API have. */
export function servicePartsOf(body: Json, problems: Problems): ServiceParts {
  const { credentials, tags } = body
  if (credentials !== undefined && credentials !== null && !isObject(credentials))
    problems.add('Credentials must be an object')
  if (tags !== undefined && !(Array.isArray(tags) && tags.every((tag) => typeof tag === 'string')))
    problems.add('Tags must be a list of strings')
  return {
    ...(isObject(credentials) && { credentials }),
    ...(Array.isArray(tags) && { tags: tags.map(String) }),
    ...(typeof body.syslog_drain_url === 'string' && { syslogDrainUrl: body.syslog_drain_url }),
    ...(typeof body.route_service_url === 'string' && { routeServiceUrl: body.route_service_url }),
  }
}

export async function createService(
  call: Call,
  wish: ServiceParts & Pick<ServiceInstance, 'name' | 'space'> & Partial<Pick<ServiceInstance, 'metadata'>>,
): Promise<ServiceInstance> {
  const service = { ...call.records.fresh(), credentials: {}, tags: [], metadata: NO_METADATA, ...wish }
  await call.records.save(call.records.putOf(COLLECTIONS.service, service, indexes(service)))
  return service
}

/** Throws 404 when it went meanwhile. */
export async function changeService(
  call: Call,
  guid: string,
  change: (service: ServiceInstance) => ServiceInstance,
): Promise<ServiceInstance> {
  const after = await call.records.change<ServiceInstance>(COLLECTIONS.service, guid, change, indexes)
  if (!after) throw notFound('Service instance')
  for (const { app } of await bindingsOf(call, guid)) await refreshSeriesOf(call, app)
  return after
}

/** With its bindings. */
export async function removeService(call: Call, guid: string): Promise<void> {
  const bindings = await bindingsOf(call, guid)
  await call.records.save(
    ...bindings.map((b) => call.records.deleteOf(COLLECTIONS.binding, b.guid)),
    call.records.deleteOf(COLLECTIONS.service, guid),
  )
  for (const { app } of bindings) await refreshSeriesOf(call, app)
}

export const bindingsOf = (call: Call, service: string): Promise<ServiceBinding[]> =>
  call.records.all<ServiceBinding>(COLLECTIONS.binding, { name: 'service', value: service })

export async function bindApp(
  call: Call,
  service: ServiceInstance,
  app: App,
  name: string | undefined,
): Promise<ServiceBinding> {
  const binding: ServiceBinding = {
    ...call.records.fresh(),
    app: app.guid,
    service: service.guid,
    ...(name !== undefined && { name }),
    metadata: NO_METADATA,
  }
  const change = call.records.putOf(COLLECTIONS.binding, binding, { app: binding.app, service: binding.service })
  await call.records.save(change)
  await refreshSeriesOf(call, app.guid)
  return binding
}

export async function unbindApp(call: Call, binding: ServiceBinding): Promise<void> {
  await call.records.save(call.records.deleteOf(COLLECTIONS.binding, binding.guid))
  await refreshSeriesOf(call, binding.app)
}
