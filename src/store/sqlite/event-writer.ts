import type { DatabaseSync } from 'node:sqlite'
import type { AtomReader } from './atom-reader.ts'

/** Rows removed by one round of pruning: about 10 ms, so that commits need not wait longer. */
const PRUNE_ROWS = 2_000

/**
 * Appends events and removes old ones.
 *
 * H1. `head` is the last position given; it never falls, because `pruned` is kept in `meta` and survives an empty table.
 * H2. Only a beginning of history is ever removed, so that one number tells what is gone.
 */
export class EventWriter {
  head = 0
  pruned = 0
  readonly #sql

  constructor(database: DatabaseSync) {
    this.#sql = prepare(database)
    this.reload()
  }

  /** After a rollback. */
  reload(): void {
    this.pruned = Number(this.#sql.pruned.get()?.value ?? 0)
    this.head = Number(this.#sql.last.get()?.position ?? this.pruned)
  }

  append(atoms: AtomReader): void {
    const size = atoms.number()
    this.head += size
    this.#sql.insert.run(this.head, size, atoms.text(), atoms.text(), atoms.number(), atoms.number(), atoms.text())
  }

  /** One round, inside a transaction; removes events before `before`, but of the newest `keep` none. */
  prune(before: number, keep: number): { readonly removed: number; readonly more: boolean } {
    const rows = this.#sql.oldest.all(this.head - keep, PRUNE_ROWS) as unknown as readonly StoredRow[]
    const young = rows.findIndex((row) => row.at >= before)
    const gone = young === -1 ? rows : rows.slice(0, young)
    const last = gone[gone.length - 1]
    if (!last) return { removed: 0, more: false }
    this.#sql.delete.run(last.position)
    this.#sql.setPruned.run(String(last.position))
    this.pruned = last.position
    return { removed: gone.reduce((sum, row) => sum + row.size, 0), more: gone.length === PRUNE_ROWS }
  }
}

interface StoredRow {
  readonly position: number
  readonly size: number
  readonly at: number
}

const prepare = (database: DatabaseSync) => ({
  last: database.prepare('SELECT position FROM events ORDER BY position DESC LIMIT 1'),
  pruned: database.prepare("SELECT value FROM meta WHERE name = 'pruned'"),
  setPruned: database.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES ('pruned', ?)"),
  insert: database.prepare(`INSERT INTO events (position, size, tenant, execution, at, version, transitions)
    VALUES (?, ?, ?, ?, ?, ?, ?)`),
  oldest: database.prepare('SELECT position, size, at FROM events WHERE position <= ? ORDER BY position LIMIT ?'),
  delete: database.prepare('DELETE FROM events WHERE position <= ?'),
})
