import type { DatabaseSync } from 'node:sqlite'
import { sortOfNumber } from '../../core/ports/store.ts'
import { conflict } from '../store-error.ts'
import type { AtomReader } from './atom-reader.ts'

interface StoredRow {
  readonly seq: number
  readonly version: number
  readonly sort: string
  readonly indexes: string | null
}

interface Placed {
  readonly tenant: string
  readonly collection: string
  readonly key: string
  readonly sort: string
  readonly indexes: string | null
}

/** Writes documents, what they are found by, and counters. Keeps nothing between changes. */
export class DocumentWriter {
  readonly #sql

  constructor(database: DatabaseSync) {
    this.#sql = prepare(database)
  }

  /** Numbers that the put assigned go to `assigned`, also when the commit fails later. */
  put(atoms: AtomReader, assigned: number[]): void {
    const tenant = atoms.text()
    const collection = atoms.text()
    const key = atoms.text()
    const sort = atoms.text()
    const stored = this.#find(tenant, collection, key)
    checkVersion(stored, atoms.number(), key)
    const given = { body: atoms.text(), tenant, collection, key, sort, indexes: atoms.textOrNull() }
    const { body, ...place } = this.#assign(given, atoms, assigned)
    this.#write(stored, place, body)
  }

  drop(atoms: AtomReader): void {
    const tenant = atoms.text()
    const collection = atoms.text()
    const key = atoms.text()
    const stored = this.#find(tenant, collection, key)
    checkVersion(stored, atoms.number(), key)
    if (!stored) return
    this.#removeIndexes({ ...stored, tenant, collection, key })
    this.#sql.delete.run(stored.seq)
  }

  count(atoms: AtomReader): void {
    this.#sql.count.get(atoms.text(), atoms.text(), atoms.number())
  }

  #find(tenant: string, collection: string, key: string): StoredRow | undefined {
    return this.#sql.find.get(tenant, collection, key) as StoredRow | undefined
  }

  #write(stored: StoredRow | undefined, place: Placed, body: string): void {
    const { tenant, collection, key, sort, indexes } = place
    if (!stored) {
      const { lastInsertRowid } = this.#sql.insert.run(tenant, collection, key, sort, indexes, body)
      this.#addIndexes(place, Number(lastInsertRowid))
      return
    }
    this.#sql.update.run(stored.version + 1, sort, indexes, body, stored.seq)
    if (stored.indexes === indexes && stored.sort === sort) return
    this.#removeIndexes({ ...stored, tenant, collection, key })
    this.#addIndexes(place, stored.seq)
  }

  #assign(
    given: Placed & { readonly body: string },
    atoms: AtomReader,
    assigned: number[],
  ): Placed & { readonly body: string } {
    let { body, indexes, sort } = given
    for (let n = atoms.number(); n > 0; n--) {
      const field = atoms.text()
      const number = Number(this.#sql.count.get(given.tenant, atoms.text(), 1)?.value)
      assigned.push(number)
      body = withMember(body, field, String(number))
      const index = atoms.textOrNull()
      if (index !== null) indexes = withMember(indexes ?? '{}', index, `"${number}"`)
      if (atoms.number() === 1) sort = sortOfNumber(number)
    }
    return { ...given, body, indexes, sort }
  }

  #addIndexes({ tenant, collection, key, sort, indexes }: Placed, seq: number): void {
    for (const [name, value] of entries(indexes))
      this.#sql.insertIndex.run(tenant, collection, name, value, sort, key, seq)
  }

  #removeIndexes({ tenant, collection, key, sort, indexes }: Placed): void {
    for (const [name, value] of entries(indexes)) this.#sql.deleteIndex.run(tenant, collection, name, value, sort, key)
  }
}

/** Adds a member to the text of an object that does not have it. */
const withMember = (text: string, name: string, value: string): string =>
  `${text.slice(0, -1)}${text === '{}' ? '' : ','}${JSON.stringify(name)}:${value}}`

function checkVersion(stored: StoredRow | undefined, expected: number, key: string): void {
  if (expected >= 0 && expected !== (stored?.version ?? 0)) throw conflict('document', key, 'version')
}

const entries = (indexes: string | null): readonly [string, string][] =>
  indexes === null ? [] : Object.entries(JSON.parse(indexes))

const prepare = (database: DatabaseSync) => ({
  find: database.prepare(
    'SELECT seq, version, sort, indexes FROM documents WHERE tenant = ? AND collection = ? AND key = ?',
  ),
  insert: database.prepare(`INSERT INTO documents (tenant, collection, key, version, sort, indexes, body)
    VALUES (?, ?, ?, 1, ?, ?, ?)`),
  update: database.prepare('UPDATE documents SET version = ?, sort = ?, indexes = ?, body = ? WHERE seq = ?'),
  delete: database.prepare('DELETE FROM documents WHERE seq = ?'),
  insertIndex: database.prepare(`INSERT INTO document_indexes (tenant, collection, name, value, sort, key, document)
    VALUES (?, ?, ?, ?, ?, ?, ?)`),
  deleteIndex: database.prepare(`DELETE FROM document_indexes
    WHERE tenant = ? AND collection = ? AND name = ? AND value = ? AND sort = ? AND key = ?`),
  count: database.prepare(`INSERT INTO counters (tenant, name, value) VALUES (?, ?, ?)
    ON CONFLICT (tenant, name) DO UPDATE SET value = value + excluded.value RETURNING value`),
})
