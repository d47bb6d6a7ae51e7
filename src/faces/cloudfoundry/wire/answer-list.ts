import type { COLLECTIONS, Resource } from '../documents.ts'
import { type Answer, type Call, ok } from '../operation.ts'
import { type Inclusions, includedOf, wantedInclusions } from './inclusion.ts'
import { type ListQuery, parseListQuery } from './list-query.ts'
import type { Metadata } from './metadata.ts'
import { pageDocument } from './page-document.ts'

/** A list that is small enough to be read whole: filtered, ordered and cut here. */
export interface SmallList<Body extends Resource> {
  readonly collection: (typeof COLLECTIONS)[keyof typeof COLLECTIONS]
  /** Only those with this index value. */
  readonly index?: { readonly name: string; readonly value: string }
  /** What each filter compares. `guids` is always there. */
  readonly filters: Readonly<Record<string, (body: Body) => string | readonly string[] | undefined>>
  /** Further `order_by` fields. */
  readonly orders?: Readonly<Record<string, (body: Body) => string | number>>
  /** Parameters that are taken and mean nothing here (`embed`). */
  readonly ignored?: readonly string[]
  readonly includes?: Inclusions<Body>
  visible(body: Body): boolean | Promise<boolean>
  present(body: Body): object | Promise<object>
}

export async function answerList<Body extends Resource>(call: Call, list: SmallList<Body>): Promise<Answer> {
  const filters = { guids: (body: Body) => body.guid, ...list.filters }
  const { includes = {} } = list
  const includeKey = Object.keys(includes).length > 0 ? ['include'] : []
  const names = [...Object.keys(filters), 'label_selector', ...includeKey, ...(list.ignored ?? [])]
  const query = parseListQuery(call.query, { filters: names, orders: Object.keys(list.orders ?? {}) })
  const wanted = wantedInclusions(call.query, includes)
  const all = await call.records.all<Body>(list.collection, list.index)
  const seen = await Promise.all(all.map((body) => list.visible(body)))
  const found = all.filter((body, i) => seen[i] && matches(body, query, filters))
  const ordered = inOrder(found, query, list.orders ?? {})
  const from = (query.page - 1) * query.perPage
  const page = ordered.slice(from, from + query.perPage)
  const resources = await Promise.all(page.map((body) => list.present(body)))
  const shown = pageDocument(call.base + call.path, query, ordered.length, resources)
  return ok({ ...shown, ...(await includedOf(wanted, page)) })
}

/** Those of a collection that these guids name, each once. */
export async function referred<Body extends Resource>(
  call: Call,
  collection: (typeof COLLECTIONS)[keyof typeof COLLECTIONS],
  guids: readonly (string | undefined)[],
): Promise<readonly Body[]> {
  const named = [...new Set(guids.filter((guid) => guid !== undefined))]
  const found = await Promise.all(named.map((guid) => call.records.find<Body>(collection, guid)))
  return found.filter((body) => body !== undefined)
}

function matches<Body extends Resource>(
  body: Body,
  query: ListQuery,
  filters: Readonly<Record<string, (body: Body) => string | readonly string[] | undefined>>,
): boolean {
  for (const [name, textOf] of Object.entries(filters)) {
    const wanted = query.filter(name)
    if (wanted === undefined) continue
    const own = textOf(body)
    const values = own === undefined ? [] : typeof own === 'string' ? [own] : own
    if (!values.some((value) => wanted.includes(value))) return false
  }
  const { labels = {} } = (body as { readonly metadata?: Metadata }).metadata ?? {}
  return (
    (query.labels?.matches(labels) ?? true) &&
    (query.created?.matches(body.created) ?? true) &&
    (query.updated?.matches(body.updated) ?? true)
  )
}

export function inOrder<Body extends Resource>(
  bodies: readonly Body[],
  { orderBy }: Pick<ListQuery, 'orderBy'>,
  orders: Readonly<Record<string, (body: Body) => string | number>>,
): readonly Body[] {
  if (!orderBy) return bodies
  const own = orders[orderBy.field]
  const textOf = own ?? ((body: Body) => (orderBy.field === 'updated_at' ? body.updated : body.created))
  const sign = orderBy.descending ? -1 : 1
  return [...bodies].sort((a, b) => sign * (compare(textOf(a), textOf(b)) || compare(a.guid, b.guid)))
}

const compare = (a: string | number, b: string | number): number => (a < b ? -1 : a > b ? 1 : 0)
