/**
 * Usage events, for who keeps accounts. They are numbered without gaps and pruned oldest first (task/prune-events.ts), so
 * that what is there is the last one's number less the first one's: nothing is counted, however many there are.
 */
import { type Page, sortOfNumber } from '../../../core/ports/store.ts'
import { NumberedPages } from '../../kit/numbered-pages.ts'
import { COLLECTIONS } from '../documents.ts'
import { badQuery, notAuthorized, notFound } from '../errors.ts'
import { type Answer, type Call, type Operation, ok } from '../operation.ts'
import { presentUsageEvent, USAGE_COUNTER, type UsageEvent } from '../task/usage-event.ts'
import { inOrder } from '../wire/answer-list.ts'
import { type ListQuery, parseListQuery } from '../wire/list-query.ts'
import { pageDocument } from '../wire/page-document.ts'

interface Found {
  readonly events: readonly UsageEvent[]
  readonly total: number
}

async function list(call: Call): Promise<Answer> {
  if (!call.access.isGlobalReader) throw notAuthorized()
  const query = parseListQuery(call.query, { filters: ['after_guid', 'guids'] })
  const from = (await numberOf(call, query.filter('after_guid')?.[0])) + 1
  const isPlain = query.filter('guids') === undefined && !query.created && !query.updated
  const { events, total } = isPlain ? await plainPage(call, query, from) : await filteredPage(call, query, from)
  const shown = events.map((event) => presentUsageEvent(event, call.base))
  return ok(pageDocument(call.base + call.path, query, total, shown))
}

async function numberOf({ records }: Call, guid: string | undefined): Promise<number> {
  if (guid === undefined) return 0
  const event = await records.find<UsageEvent>(COLLECTIONS.usageEvent, guid)
  if (!event) throw badQuery('After guid filter must be a valid usage event guid.')
  return event.number
}

const pages = new NumberedPages()

/** Their times are their order, too. */
async function plainPage({ engine, caller }: Call, query: ListQuery, from: number): Promise<Found> {
  const ascending = query.orderBy?.descending !== true
  const read = (page: Page) =>
    engine.documents<UsageEvent>(caller.tenant, COLLECTIONS.usageEvent, { ...page, sortFrom: sortOfNumber(from) })
  const count = async (): Promise<number> => {
    const [first] = (await read({ limit: 1, ascending: true })).items
    return first ? (await engine.counter(caller.tenant, USAGE_COUNTER)) - first.body.number + 1 : 0
  }
  const name = `${caller.tenant}/${from}/${ascending}`
  const ordered = { name, count, read: (page: Page) => read({ ...page, ascending }) }
  const { items, total } = await pages.read(ordered, query.page, query.perPage)
  return { events: items.map(({ body }) => body), total }
}

async function filteredPage({ records }: Call, query: ListQuery, from: number): Promise<Found> {
  const guids = query.filter('guids')
  const all = guids
    ? await Promise.all([...new Set(guids)].map((guid) => records.find<UsageEvent>(COLLECTIONS.usageEvent, guid)))
    : await records.all<UsageEvent>(COLLECTIONS.usageEvent)
  const found = all
    .filter((event) => event !== undefined && event.number >= from && isWithin(event, query))
    .sort((a, b) => a!.number - b!.number) as readonly UsageEvent[]
  const start = (query.page - 1) * query.perPage
  return { events: inOrder(found, query, {}).slice(start, start + query.perPage), total: found.length }
}

const isWithin = ({ created, updated }: UsageEvent, query: ListQuery): boolean =>
  (query.created?.matches(created) ?? true) && (query.updated?.matches(updated) ?? true)

export const USAGE_OPERATIONS: readonly Operation[] = [
  { method: 'GET', path: '/v3/app_usage_events', answer: list },
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
