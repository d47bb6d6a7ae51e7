/** Pages: asked for in the body or, by the older generation, in the query, which wins (ona.md 2.3). */
import type { Page, Paged } from '../../../core/ports/store.ts'
import { invalidArgument } from '../errors.ts'

const DEFAULT_SIZE = 25
const LARGEST = 100

export interface QueryPagination {
  readonly token?: string
  readonly pageSize?: number
}

/** Throws `invalid_argument` for a size out of bounds. */
export function pageOf(
  query: QueryPagination,
  body: { readonly pageSize: number; readonly token: string } | undefined,
): Page {
  const size = query.pageSize ?? body?.pageSize ?? 0
  if (!Number.isInteger(size) || size < 0 || size > LARGEST)
    throw invalidArgument(
      `pagination.page_size: value must be greater than or equal to 0 and less than or equal to ${LARGEST}`,
    )
  const token = query.token ?? body?.token ?? ''
  return { limit: size === 0 ? DEFAULT_SIZE : size, ...(token !== '' && { after: token }) }
}

export function queryPagination(query: URLSearchParams): QueryPagination {
  const [token, size] = [query.get('token'), query.get('pageSize') ?? query.get('page_size')]
  return { ...(token !== null && { token }), ...(size !== null && size !== '' && { pageSize: Number(size) }) }
}

const LARGEST_READ = 500

/**
 * A page of what passes the test: further pages of the source are read until it is full, so that no page but the last is
 * short. `read` answers a page of the source. Where little passes more is read at once; a read that gives more than fits
 * is made again, shorter, because a page can only end where a read did.
 */
export async function filteredPage<Item>(
  page: Page,
  read: (page: Page) => Promise<Paged<Item>>,
  test: (item: Item) => boolean,
): Promise<Paged<Item>> {
  const items: Item[] = []
  let [after, limit] = [page.after, page.limit]
  for (;;) {
    const part = await read({ ...page, limit, ...(after !== undefined && { after }) })
    const fitting = part.items.filter(test)
    const room = page.limit - items.length
    if (fitting.length > room) {
      limit = room
      continue
    }
    items.push(...fitting)
    if (part.next === undefined) return { items }
    if (items.length >= page.limit) return { items, next: part.next }
    after = part.next
    limit = Math.min(LARGEST_READ, limit * 2)
  }
}
