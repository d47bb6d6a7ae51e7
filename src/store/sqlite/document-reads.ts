import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { asTenant, type Tenant } from '../../core/identity.ts'
import type { Document, DocumentQuery, Paged } from '../../core/ports/store.ts'
import { decodePosition, encodePosition } from '../document-position.ts'
import { type Row, Statements } from './statements.ts'

/** Reads documents and counters on the main thread's own connection. */
export class DocumentReads {
  readonly #statements: Statements

  constructor(database: DatabaseSync) {
    this.#statements = new Statements(database)
  }

  byKey<Body>(tenant: Tenant, collection: string, key: string): Document<Body> | undefined {
    const row = this.#statements.get(
      `SELECT ${COLUMNS} FROM documents AS d WHERE d.tenant = ? AND d.collection = ? AND d.key = ?`,
      [tenant, collection, key],
    )
    return row && documentOf<Body>(row, collection)
  }

  /** Of one tenant, or of all. */
  list<Body>(collection: string, query: DocumentQuery, tenant?: Tenant): Paged<Document<Body>> {
    const { sql, values } = documentsSql(collection, query, tenant)
    const rows = this.#statements.all(sql, values)
    const items = rows.slice(0, query.limit).map((row) => documentOf<Body>(row, collection))
    const last = items[items.length - 1]
    return rows.length > items.length && last ? { items, next: encodePosition(last) } : { items }
  }

  counter(tenant: Tenant, name: string): number {
    return Number(
      this.#statements.get('SELECT value FROM counters WHERE tenant = ? AND name = ?', [tenant, name])?.[0] ?? 0,
    )
  }
}

const COLUMNS = 'd.tenant, d.key, d.version, d.sort, d.body'

/** One page and one row more, in the order of the index it walks. */
export function documentsSql(
  collection: string,
  query: DocumentQuery,
  tenant?: Tenant,
): { readonly sql: string; readonly values: readonly SQLInputValue[] } {
  const parts = [...scope(collection, tenant), ...indexIs(query), ...within(query)]
  const where = parts.map((part) => part[0]).join(' AND ')
  const way = query.ascending === false ? 'DESC' : 'ASC'
  const columns = tenant === undefined ? ['i.sort', 'i.key', 'i.tenant'] : ['i.sort', 'i.key']
  const order = columns.map((column) => `${column} ${way}`).join(', ')
  return {
    sql: `SELECT ${COLUMNS} FROM ${sourceOf(query, tenant)} WHERE ${where} ORDER BY ${order} LIMIT ?`,
    values: [...parts.flatMap((part) => part.slice(1) as SQLInputValue[]), query.limit + 1],
  }
}

type Part = readonly [sql: string, ...values: SQLInputValue[]]

function sourceOf({ index, keyPrefix }: DocumentQuery, tenant: Tenant | undefined): string {
  if (index !== undefined) {
    const by = tenant === undefined ? ' INDEXED BY document_indexes_collection' : ''
    return `document_indexes AS i${by} CROSS JOIN documents AS d ON d.seq = i.document`
  }
  // The index is walked under the name i, so that conditions and order read the same as above.
  const by = tenant === undefined ? 'documents_collection' : keyPrefix === undefined ? 'documents_sort' : BY_KEY
  return `documents AS i INDEXED BY ${by} CROSS JOIN documents AS d ON d.seq = i.seq`
}

/** The name SQLite gives the index of the first UNIQUE constraint. */
const BY_KEY = 'sqlite_autoindex_documents_1'

const scope = (collection: string, tenant: Tenant | undefined): readonly Part[] =>
  tenant === undefined
    ? [['i.collection = ?', collection]]
    : [
        ['i.tenant = ?', tenant],
        ['i.collection = ?', collection],
      ]

const indexIs = ({ index }: DocumentQuery): readonly Part[] =>
  index === undefined ? [] : [['i.name = ? AND i.value = ?', index.name, index.value]]

function within(query: DocumentQuery): readonly Part[] {
  const { keyPrefix, sortFrom, sortUntil, after } = query
  return [
    ...(keyPrefix === undefined ? [] : [['i.key >= ? AND i.key < ?', keyPrefix, afterPrefix(keyPrefix)] as const]),
    ...(sortFrom === undefined ? [] : [['i.sort >= ?', sortFrom] as const]),
    ...(sortUntil === undefined ? [] : [['i.sort < ?', sortUntil] as const]),
    ...(after === undefined ? [] : [beyond(after, query.ascending === false)]),
  ]
}

function beyond(after: string, descending: boolean): Part {
  const { sort, key, tenant } = decodePosition(after)
  return [`(i.sort, i.key, i.tenant) ${descending ? '<' : '>'} (?, ?, ?)`, sort, key, tenant]
}

/** Above every text that begins with the prefix: U+10FFFF is no character. */
const afterPrefix = (prefix: string): string => `${prefix}\u{10FFFF}`

function documentOf<Body>([tenant, key, version, sort, body]: Row, collection: string): Document<Body> {
  return {
    tenant: asTenant(String(tenant)),
    collection,
    key: String(key),
    body: JSON.parse(String(body)) as Body,
    version: Number(version),
    sort: String(sort),
  }
}
