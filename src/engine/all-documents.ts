import type { Document, Page, Paged } from '../core/ports/store.ts'

const PAGE = 500

/** Every document of a query, page by page. */
export async function* allDocuments<Body>(
  read: (page: Page) => Promise<Paged<Document<Body>>>,
): AsyncGenerator<Document<Body>> {
  let after: string | undefined
  do {
    const page = await read({ limit: PAGE, ascending: true, ...(after !== undefined && { after }) })
    yield* page.items
    after = page.next
  } while (after !== undefined)
}
