import type { Tenant } from '../../core/identity.ts'
import type { Document, DocumentQuery, Paged } from '../../core/ports/store.ts'
import { type DocumentPosition, decodePosition, encodePosition } from '../document-position.ts'
import { compareText } from '../text-order.ts'
import type { StoredDocument } from './memory-tables.ts'

/** One page of a collection, of one tenant or of all. */
export function pageOfDocuments(
  all: Iterable<StoredDocument>,
  collection: string,
  query: DocumentQuery,
  tenant?: Tenant,
): Paged<Document> {
  const sign = query.ascending === false ? -1 : 1
  const after = query.after === undefined ? undefined : decodePosition(query.after)
  const found = [...all]
    .filter((d) => d.collection === collection && (tenant === undefined || d.tenant === tenant) && fits(d, query))
    .filter((d) => after === undefined || sign * compare(d, after) > 0)
    .sort((a, b) => sign * compare(a, b))
  const items = found.slice(0, query.limit).map(({ indexes: _, ...document }) => document)
  const last = items[items.length - 1]
  return found.length > items.length && last ? { items, next: encodePosition(last) } : { items }
}

const fits = (document: StoredDocument, query: DocumentQuery): boolean =>
  (query.index === undefined || document.indexes[query.index.name] === query.index.value) &&
  (query.keyPrefix === undefined || document.key.startsWith(query.keyPrefix)) &&
  (query.sortFrom === undefined || compareText(document.sort, query.sortFrom) >= 0) &&
  (query.sortUntil === undefined || compareText(document.sort, query.sortUntil) < 0)

const compare = (a: DocumentPosition, b: DocumentPosition): number =>
  compareText(a.sort, b.sort) || compareText(a.key, b.key) || compareText(a.tenant, b.tenant)
