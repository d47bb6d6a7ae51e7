/**
 * The face's records: documents that carry a guid and times, listed in the order they were made. One foundation is one
 * tenant, so a reader of this class never sees another's.
 */
import { randomUUID } from 'node:crypto'
import type { Tenant } from '../../core/identity.ts'
import type { Instant } from '../../core/instant.ts'
import type { DocumentPut } from '../../core/ports/store.ts'
import type { Engine } from '../../engine/engine.ts'
import type { DocumentChange } from '../../engine/reactor.ts'
import { allDocuments, changeAgain, put } from '../kit/documents.ts'
import type { Resource } from './documents.ts'

type Indexes = Readonly<Record<string, string | undefined>>

export class Records {
  readonly #engine: Engine
  readonly tenant: Tenant

  constructor(engine: Engine, tenant: Tenant) {
    this.#engine = engine
    this.tenant = tenant
  }

  now(): Instant {
    return this.#engine.now()
  }

  /** What a new record begins with. */
  fresh(): Resource {
    const now = this.now()
    return { guid: randomUUID(), created: now, updated: now }
  }

  async find<Body extends Resource>(collection: string, guid: string): Promise<Body | undefined> {
    return (await this.#engine.document<Body>(this.tenant, collection, guid))?.body
  }

  /** All of them, or those made in a span of time, oldest first. For what a foundation keeps in thousands at most. */
  async all<Body extends Resource>(
    collection: string,
    index?: { readonly name: string; readonly value: string },
    made?: { readonly fromMs: number; readonly untilMs: number },
  ): Promise<Body[]> {
    const found = await allDocuments<Body>(this.#engine, this.tenant, collection, {
      ...(index && { index }),
      ...(made && { sortFrom: sortAt(made.fromMs), sortUntil: sortAt(made.untilMs) }),
    })
    return found.map(({ body }) => body)
  }

  /** The newest of them, at most `limit` (1,000 at most). */
  async newest<Body extends Resource>(
    collection: string,
    index: { readonly name: string; readonly value: string },
    limit: number,
  ): Promise<readonly Body[]> {
    const { items } = await this.#engine.documents<Body>(this.tenant, collection, { index, limit, ascending: false })
    return items.map(({ body }) => body)
  }

  putOf(collection: string, body: Resource, indexes: Indexes = {}): DocumentPut {
    return put(this.tenant, collection, body.guid, body, { sort: sortOf(body), indexes: defined(indexes) })
  }

  deleteOf(collection: string, guid: string): DocumentChange {
    return { kind: 'document.delete', tenant: this.tenant, collection, key: guid }
  }

  async save(...changes: readonly DocumentChange[]): Promise<void> {
    if (changes.length > 0) await this.#engine.saveDocuments(changes)
  }

  /** Changes what is stored, again where somebody else did in between; `touches`: which is an update of it. Undefined: it is gone. */
  change<Body extends Resource>(
    collection: string,
    guid: string,
    change: (body: Body) => Body,
    indexes: (body: Body) => Indexes,
    touches = true,
  ): Promise<Body | undefined> {
    return changeAgain(async () => {
      const stored = await this.#engine.document<Body>(this.tenant, collection, guid)
      if (!stored) return undefined
      const body: Body = { ...change(stored.body), ...(touches && { updated: this.now() }) }
      const extra = { sort: stored.sort, indexes: defined(indexes(body)), expected: stored.version }
      await this.#engine.saveDocuments([put(this.tenant, collection, guid, body, extra)])
      return body
    })
  }
}

const SORT_DIGITS = 15

const LAST_SORT = '9'.repeat(SORT_DIGITS)
const sortAt = (at: Instant): string =>
  at >= Number(LAST_SORT) ? LAST_SORT : String(Math.max(0, at)).padStart(SORT_DIGITS, '0')

export const sortOf = (body: Resource): string => sortAt(body.created)

const defined = (indexes: Indexes): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(indexes).filter((pair): pair is [string, string] => pair[1] !== undefined))
