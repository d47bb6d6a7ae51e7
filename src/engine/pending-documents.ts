import type { Tenant } from '../core/identity.ts'
import type { Change, Document, Store } from '../core/ports/store.ts'
import type { DocumentReader } from './reactor.ts'

/** The store's documents with a commit's own changes laid over them: what one part of it wrote the next part reads. */
export class PendingDocuments implements DocumentReader {
  readonly #store: Pick<Store, 'document'>
  readonly #pending = new Map<string, { readonly body: unknown; readonly sort: string } | undefined>()

  constructor(store: Pick<Store, 'document'>, changes: readonly Change[] = []) {
    this.#store = store
    this.add(changes)
  }

  add(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.kind === 'document.put')
        this.#pending.set(idOf(change), { body: change.body, sort: change.sort ?? '' })
      else if (change.kind === 'document.delete') this.#pending.set(idOf(change), undefined)
    }
  }

  async document<Body>(tenant: Tenant, collection: string, key: string): Promise<Document<Body> | undefined> {
    const id = idOf({ tenant, collection, key })
    const stored = await this.#store.document<Body>(tenant, collection, key)
    if (!this.#pending.has(id)) return stored
    const pending = this.#pending.get(id)
    const version = (stored?.version ?? 0) + 1
    return pending && { tenant, collection, key, version, body: pending.body as Body, sort: pending.sort }
  }
}

const idOf = (d: { readonly tenant: Tenant; readonly collection: string; readonly key: string }): string =>
  JSON.stringify([d.tenant, d.collection, d.key])
