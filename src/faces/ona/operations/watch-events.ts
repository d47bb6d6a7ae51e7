import type { MessageInitShape } from '@bufbuild/protobuf'
import { type Call, checkEnvironment } from '../call.ts'
import { findEnvironment } from '../environment/find-environment.ts'
import { invalidArgument, unimplemented } from '../errors.ts'
import type { News } from '../events/event-hub.ts'
import type { WatchEventsRequest, WatchEventsResponseSchema } from '../gen/gitpod/v1/event_pb.js'
import { ResourceType } from '../gen/gitpod/v1/event_pb.js'
import { filterValues } from '../wire/validate.ts'
import { SILENT, within } from '../wire/within.ts'

type Shape = MessageInitShape<typeof WatchEventsResponseSchema>

const MOST_FILTERS = 50
/** What the organization hears; tasks and services are told to who watches their environment (ona.md 5). */
const OF_ORGANIZATION = new Set([
  ResourceType.ENVIRONMENT,
  ResourceType.PREBUILD,
  ResourceType.PROJECT,
  ResourceType.RUNNER,
])
const OF_ENVIRONMENT = new Set([
  ResourceType.ENVIRONMENT,
  ResourceType.TASK,
  ResourceType.TASK_EXECUTION,
  ResourceType.SERVICE,
])

/**
 * For ever. Begins with an empty message, so that headers go out at once, and sends one whenever nothing else was sent
 * for a while: every client passes over a message that names no resource.
 */
export async function* watchEvents(call: Call, request: WatchEventsRequest, signal: AbortSignal): AsyncIterable<Shape> {
  const wanted = await testOf(call, request)
  const ended = new AbortController()
  const news = call.hub.subscribe(call.tenant, AbortSignal.any([signal, ended.signal]))[Symbol.asyncIterator]()
  try {
    yield {}
    let next = news.next()
    for (;;) {
      const heard = await within(next, call.options.heartbeatMs)
      if (heard === SILENT) yield {}
      else if (heard.done) return
      else {
        next = news.next()
        if (wanted(heard.value)) yield shapeOf(heard.value)
      }
    }
  } finally {
    ended.abort()
  }
}

const shapeOf = ({ operation, resourceType, resourceId }: News): Shape => ({ operation, resourceType, resourceId })

async function testOf(
  call: Call,
  { scope, resourceTypeFilters }: WatchEventsRequest,
): Promise<(news: News) => boolean> {
  if (resourceTypeFilters.length > MOST_FILTERS)
    throw invalidArgument(`resource_type_filters: value must contain no more than ${MOST_FILTERS} item(s)`)
  if (scope.case === 'environmentId') {
    if (resourceTypeFilters.length > 0) throw invalidArgument('resource_type_filters: only with organization scope')
    const { body } = await findEnvironment(call, scope.value)
    return (news) => news.environment === body.id && OF_ENVIRONMENT.has(news.resourceType)
  }
  checkEnvironment(call, '')
  const creators = resourceTypeFilters.findIndex((filter) => filter.creatorIds.length > 0)
  if (creators >= 0) throw unimplemented(`resource_type_filters[${creators}].creator_ids is not served`)
  const filters = resourceTypeFilters.map((filter, i) => ({
    type: filter.resourceType,
    ids: filterValues(`resource_type_filters[${i}].resource_ids`, filter.resourceIds),
  }))
  return ({ resourceType, resourceId }) =>
    OF_ORGANIZATION.has(resourceType) &&
    (filters.length === 0 ||
      filters.some((f) => f.type === resourceType && (f.ids.length === 0 || f.ids.includes(resourceId))))
}
