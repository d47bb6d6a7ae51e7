import type { Page, Paged } from '../../core/ports/store.ts'
import { fingerprintOf } from '../kit/idempotency.ts'
import { decodeCursor, encodeCursor } from '../kit/paging.ts'
import { badField } from './errors.ts'
import { part } from './parse-step.ts'

interface PageQuery {
  readonly limit?: number
  readonly cursor?: string
  readonly ascending?: boolean
}

/** A page as asked for. Its cursor must come from the same list: same name, filters and order. */
export function pageOf(list: string, query: PageQuery, ascending = query.ascending): Page {
  return { limit: query.limit ?? 100, ...part('after', positionOf(list, query)), ...part('ascending', ascending) }
}

function positionOf(list: string, query: PageQuery): string | undefined {
  if (query.cursor === undefined) return undefined
  const position = decodeCursor(nameOf(list, query), query.cursor)
  if (position === undefined) throw badField('cursor', 'it is not from a page of this list with these filters')
  return position
}

/** The items as presented, and the cursor of the next page where there is one. */
export function pageShown<Item, Shown>(
  list: string,
  query: PageQuery,
  { items, next }: Paged<Item>,
  present: (item: Item) => Shown,
): { readonly items: readonly Shown[]; readonly next: string | undefined } {
  return {
    items: items.map(present),
    next: next === undefined ? undefined : encodeCursor(nameOf(list, query), next),
  }
}

function nameOf(list: string, query: PageQuery): string {
  const { limit: _limit, cursor: _cursor, ...filters } = query
  return `${list}/${fingerprintOf(filters)}`
}
