/** What faces do with their own records again and again. */
import { isEngineError } from '../../core/engine-error.ts'
import type { Tenant } from '../../core/identity.ts'
import type { Document, DocumentPut, DocumentQuery } from '../../core/ports/store.ts'
import type { Engine } from '../../engine/engine.ts'

const PAGE = 500

type Extra = Omit<DocumentPut, 'kind' | 'tenant' | 'collection' | 'key' | 'body'>

export const put = (tenant: Tenant, collection: string, key: string, body: object, extra: Extra = {}): DocumentPut => ({
  kind: 'document.put',
  tenant,
  collection,
  key,
  body,
  ...extra,
})

/** Every document that matches, in order, a page at a time: what comes may be changed while it is gone through. */
export async function* eachDocument<Body>(
  engine: Pick<Engine, 'documents'>,
  tenant: Tenant,
  collection: string,
  query: Omit<DocumentQuery, 'limit' | 'after'> = {},
): AsyncGenerator<Document<Body>> {
  let after: string | undefined
  do {
    const page = await engine.documents<Body>(tenant, collection, { ...query, limit: PAGE, ...(after && { after }) })
    yield* page.items
    after = page.next
  } while (after !== undefined)
}

/** The same in an array, for collections that an account keeps small. */
export async function allDocuments<Body>(
  engine: Pick<Engine, 'documents'>,
  tenant: Tenant,
  collection: string,
  query: Omit<DocumentQuery, 'limit' | 'after'> = {},
): Promise<readonly Document<Body>[]> {
  const all: Document<Body>[] = []
  for await (const found of eachDocument<Body>(engine, tenant, collection, query)) all.push(found)
  return all
}

const TRIES = 20
/** Longest wait before a try, ms. */
const LONGEST_WAIT_MS = 100

/**
 * Read, change, write with `expected`: again when somebody else wrote in between. `change` must read anew each time. The
 * first tries follow at once, later ones after a wait that grows, of random length, so that many writers get apart.
 */
export async function changeAgain<T>(change: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await change()
    } catch (error) {
      if (tried >= TRIES || !isEngineError(error, 'conflict', 'document')) throw error
    }
    if (tried > 2) await new Promise((resume) => setTimeout(resume, Math.random() * waitMs(tried)))
  }
}

const waitMs = (tried: number): number => Math.min(LONGEST_WAIT_MS, 2 ** tried)
