import type { ListQuery } from './list-query.ts'

export interface PageDocument {
  readonly pagination: {
    readonly total_results: number
    readonly total_pages: number
    readonly first: { readonly href: string }
    readonly last: { readonly href: string }
    readonly next: { readonly href: string } | null
    readonly previous: { readonly href: string } | null
  }
  readonly resources: readonly object[]
}

/** One page as Cloud Controller shows it; links repeat the filters with their keys in alphabetical order. */
export function pageDocument(
  url: string,
  query: Pick<ListQuery, 'page' | 'perPage' | 'repeated' | 'orderBy'>,
  total: number,
  resources: readonly object[],
): PageDocument {
  const pages = Math.max(1, Math.ceil(total / query.perPage))
  const link = (page: number): { readonly href: string } => ({ href: `${url}?${queryOf(query, page)}` })
  return {
    pagination: {
      total_results: total,
      total_pages: pages,
      first: link(1),
      last: link(pages),
      next: query.page < pages ? link(query.page + 1) : null,
      previous: query.page > 1 ? link(query.page - 1) : null,
    },
    resources,
  }
}

function queryOf(query: Pick<ListQuery, 'perPage' | 'repeated' | 'orderBy'>, page: number): string {
  const pairs: [string, string][] = query.repeated.map(([key, value]) => [
    key,
    key === 'order_by' && query.orderBy ? query.orderBy.given : value,
  ])
  pairs.push(['page', String(page)], ['per_page', String(query.perPage)])
  return new URLSearchParams(pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))).toString()
}
