/** Lists of things that a foundation for tasks has none of, but that clients look at in passing; and usage events. */
import { findApp } from '../app/find-app.ts'
import { COLLECTIONS } from '../documents.ts'
import { badQuery, notAuthorized, notFound } from '../errors.ts'
import { type Answer, type Call, type Operation, ok } from '../operation.ts'
import { presentUsageEvent, type UsageEvent } from '../task/usage-event.ts'
import { inOrder } from '../wire/answer-list.ts'
import { parseListQuery } from '../wire/list-query.ts'
import { pageDocument } from '../wire/page-document.ts'

const EMPTY = [
  '/v3/routes',
  '/v3/domains',
  '/v3/deployments',
  '/v3/buildpacks',
  '/v3/stacks',
  '/v3/sidecars',
  '/v3/isolation_segments',
  '/v3/security_groups',
  '/v3/service_offerings',
  '/v3/service_plans',
  '/v3/service_brokers',
  '/v3/service_route_bindings',
]

const none = async (call: Call): Promise<Answer> => {
  const repeated = [...call.query].filter(([key]) => key !== 'page' && key !== 'per_page')
  return ok(pageDocument(call.base + call.path, { page: 1, perPage: 50, repeated }, 0, []))
}

const ofApp = async (call: Call): Promise<Answer> => {
  await findApp(call, call.param('guid'))
  return none(call)
}

async function usage(call: Call): Promise<Answer> {
  if (!call.access.isGlobalReader) throw notAuthorized()
  const query = parseListQuery(call.query, { filters: ['after_guid', 'guids'] })
  const all = await call.records.all<UsageEvent>(COLLECTIONS.usageEvent)
  const after = query.filter('after_guid')?.[0]
  const from = after === undefined ? 0 : all.findIndex(({ guid }) => guid === after) + 1
  if (after !== undefined && from === 0) throw badQuery('After guid filter must be a valid usage event guid.')
  const guids = query.filter('guids')
  const found = all.slice(from).filter(({ guid }) => guids === undefined || guids.includes(guid))
  const ordered = inOrder(found, query, {})
  const start = (query.page - 1) * query.perPage
  const shown = ordered.slice(start, start + query.perPage).map((event) => presentUsageEvent(event, call.base))
  return ok(pageDocument(call.base + call.path, query, found.length, shown))
}

export const REMAINING_OPERATIONS: readonly Operation[] = [
  ...EMPTY.map((path): Operation => ({ method: 'GET', path, answer: none })),
  { method: 'GET', path: '/v3/apps/:guid/routes', answer: ofApp },
  { method: 'GET', path: '/v3/apps/:guid/sidecars', answer: ofApp },
  { method: 'GET', path: '/v3/apps/:guid/revisions', answer: ofApp },
  { method: 'GET', path: '/v3/apps/:guid/revisions/deployed', answer: ofApp },
  { method: 'GET', path: '/v3/app_usage_events', answer: usage },
  {
    method: 'GET',
    path: '/v3/app_usage_events/:guid',
    async answer(call) {
      const event = await call.records.find<UsageEvent>(COLLECTIONS.usageEvent, call.param('guid'))
      if (!event || !call.access.isGlobalReader) throw notFound('App usage event')
      return ok(presentUsageEvent(event, call.base))
    },
  },
]
