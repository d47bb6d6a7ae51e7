/**
 * `?page=N&per_page=M` over lists that go on by key (`Page.after`), with totals. Where a page begins is remembered for a
 * while once the page before it was read, so that who goes through a list pays for each page once. A page that nobody
 * led up to is counted off from the nearest one known.
 */
import { invalid } from '../../core/engine-error.ts'
import { MOST_COUNTED, type Page, type Paged } from '../../core/ports/store.ts'

export interface NumberedList<Item> {
  /** Names the list with everything it depends on but page and size: tenant, filters, order. */
  readonly name: string
  read(page: Page): Promise<Paged<Item>>
  count(): Promise<number>
}

export interface NumberedPage<Item> {
  readonly items: readonly Item[]
  /** Of the whole list. */
  readonly total: number
  /** At least 1. */
  readonly pages: number
}

/** How many items may be counted off to reach a page; beyond, the asker must go page by page. */
const MOST_SKIPPED = 50_000
const SKIPPED_AT_ONCE = 1_000
const REMEMBERED_MS = 60_000
const MOST_REMEMBERED = 5_000

interface Position {
  readonly after: string
  readonly until: number
}

/** One for a face. */
export class NumberedPages {
  readonly #begins = new Map<string, Position>()
  readonly #now: () => number

  /** `now` in ms. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** `page` counts from 1; after the last one there is nothing. Throws `invalid` for a page too far to be reached. */
  async read<Item>(list: NumberedList<Item>, page: number, perPage: number): Promise<NumberedPage<Item>> {
    const total = await list.count()
    const pages = Math.max(1, Math.ceil(total / perPage))
    const isBehind = total < MOST_COUNTED && (page - 1) * perPage >= total
    if (isBehind) return { items: [], total, pages }
    const after = page === 1 ? { after: undefined } : await this.#beginOf(list, page, perPage)
    if (!after) return { items: [], total, pages }
    const { items, next } = await list.read({ limit: perPage, ...given(after.after) })
    this.#remember(placeOf(list, page + 1, perPage), next)
    return { items, total, pages }
  }

  /** Where the page begins; undefined: behind the end. */
  async #beginOf<Item>(
    list: NumberedList<Item>,
    page: number,
    perPage: number,
  ): Promise<{ readonly after: string | undefined } | undefined> {
    let known = page
    // No further back than could be counted off: a page may be numbered by a billion.
    const mayCount = (): boolean => (page - known) * perPage <= MOST_SKIPPED
    while (known > 1 && mayCount() && this.#recall(placeOf(list, known, perPage)) === undefined) known--
    let after = this.#recall(placeOf(list, known, perPage))
    let left = (page - known) * perPage
    if (left > MOST_SKIPPED) throw invalid('page', `page ${page} is too far: go there page by page, or filter`)
    while (left > 0) {
      const skipped = await list.read({ limit: Math.min(left, SKIPPED_AT_ONCE), ...given(after) })
      if (skipped.next === undefined) return undefined
      after = skipped.next
      left -= skipped.items.length
    }
    return { after }
  }

  #recall(place: string): string | undefined {
    const position = this.#begins.get(place)
    return position && position.until > this.#now() ? position.after : undefined
  }

  #remember(place: string, after: string | undefined): void {
    this.#begins.delete(place)
    if (after === undefined) return
    this.#begins.set(place, { after, until: this.#now() + REMEMBERED_MS })
    if (this.#begins.size > MOST_REMEMBERED) this.#begins.delete(this.#begins.keys().next().value as string)
  }
}

const placeOf = ({ name }: { readonly name: string }, page: number, perPage: number): string =>
  `${perPage} ${page} ${name}`

const given = (after: string | undefined): { readonly after?: string } => (after === undefined ? {} : { after })
