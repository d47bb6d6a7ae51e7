import { EngineError } from '../core/engine-error.ts'
import type { Event } from '../core/event.ts'
import type { Tenant } from '../core/identity.ts'
import type { EventFilter, Store } from '../core/ports/store.ts'

const PAGE = 100

/** A place among events that can be stored: what `done` says lies behind the cursor. */
export interface EventPlace {
  readonly cursor?: string
  readonly done: number
}

/** Reads a tenant's events one at a time from a place on, and knows the place of what was passed. */
export class EventReader {
  readonly #store: Store
  readonly #tenant: Tenant
  readonly #filter: EventFilter
  readonly #onPruned: () => void
  #place: EventPlace
  #page: Event[] = []
  /** The cursor behind the page. */
  #behind: string | undefined

  constructor(
    store: Store,
    tenant: Tenant,
    filter: EventFilter,
    place: { readonly cursor: string | undefined; readonly done: number },
    onPruned: () => void,
  ) {
    this.#store = store
    this.#tenant = tenant
    this.#filter = filter
    this.#onPruned = onPruned
    this.#place = placeOf(place.cursor, place.done)
  }

  /** Everything passed lies before it, nothing else. */
  get place(): EventPlace {
    return this.#place
  }

  /** The first event that was not passed yet; undefined: there is none now. */
  async next(): Promise<Event | undefined> {
    for (;;) {
      const event = this.#page[0]
      if (event && event.position > this.#place.done) return event
      if (event) this.#page.shift()
      else if (!(await this.#turn())) return undefined
    }
  }

  /** This one, and so everything before it, needs not come again. */
  passed(event: Event): void {
    this.#place = { ...this.#place, done: event.position }
  }

  /** The next page; false when it is empty. */
  async #turn(): Promise<boolean> {
    if (this.#behind !== undefined) this.#place = placeOf(this.#behind, this.#place.done)
    const page = await this.#read(this.#place.cursor)
    this.#behind = page.cursor
    this.#page = [...page.events]
    if (this.#page.length === 0) this.#place = placeOf(page.cursor, this.#place.done)
    return this.#page.length > 0
  }

  async #read(cursor: string | undefined): Promise<{ readonly events: readonly Event[]; readonly cursor: string }> {
    try {
      return await this.#store.events(this.#tenant, cursor, this.#filter, PAGE)
    } catch (error) {
      if (cursor === undefined || !(error instanceof EngineError) || error.code !== 'not_found') throw error
      this.#onPruned()
      return this.#store.events(this.#tenant, undefined, this.#filter, PAGE)
    }
  }
}

const placeOf = (cursor: string | undefined, done: number): EventPlace =>
  cursor === undefined ? { done } : { cursor, done }
