/**
 * Writes executions, their submissions and refs.
 *
 * E1. Counts per tenant and state are changed in the transaction that changes the rows: collected in `#deltas` by
 *     commit, written once by `flush`, forgotten by `drop`.
 * E2. Nothing kept here outlives a rollback: `reload` reads it again.
 */
import type { DatabaseSync } from 'node:sqlite'
import type { Submission } from '../../core/execution.ts'
import { conflict, type Rule } from '../store-error.ts'
import type { AtomReader } from './atom-reader.ts'
import { refsOf, refsOfLabels } from './execution-refs.ts'
import { IdDrift } from './id-drift.ts'
import { isConstraint } from './sqlite-error.ts'

interface StoredRow {
  readonly seq: number
  readonly tenant: string
  readonly state: string
  readonly version: number
}

export class ExecutionWriter {
  readonly #sql
  readonly #drift: IdDrift
  readonly #deltas = new Map<string, number>()
  #commitDeltas: (readonly [string, number])[] = []
  #nextSeq = 1

  constructor(database: DatabaseSync) {
    this.#sql = prepare(database)
    this.#drift = new IdDrift(database)
    this.reload()
  }

  /** After a rollback. */
  reload(): void {
    this.#nextSeq = Number(this.#sql.lastSeq.get()?.seq ?? 0) + 1
    this.#drift.reload()
    this.#deltas.clear()
    this.#commitDeltas = []
  }

  insert(atoms: AtomReader): void {
    const id = atoms.text()
    const tenant = atoms.text()
    const state = atoms.text()
    const version = atoms.number()
    const node = atoms.textOrNull()
    const acceptedAt = atoms.number()
    const finishedAt = atoms.numberOrNull()
    const removeAt = atoms.numberOrNull()
    const status = atoms.text()
    const seq = this.#nextSeq++
    constrained(id, 'exists', () =>
      this.#sql.insert.run(seq, id, tenant, state, version, node, acceptedAt, finishedAt, removeAt, status),
    )
    this.#sql.insertSubmission.run(seq, atoms.text())
    for (let n = atoms.number(); n > 0; n--) this.#sql.insertRef.run(tenant, atoms.text(), atoms.text(), id)
    this.#drift.note(id, acceptedAt)
    this.#count(tenant, state, 1)
  }

  update(atoms: AtomReader): void {
    const id = atoms.text()
    const tenant = atoms.text()
    const state = atoms.text()
    const version = atoms.number()
    const stored = this.#sql.find.get(id) as StoredRow | undefined
    if (stored?.tenant !== tenant || stored.version !== version - 1) throw conflict('execution', id, 'version')
    const { update } = this.#sql
    const node = atoms.textOrNull()
    const finishedAt = atoms.numberOrNull()
    const removeAt = atoms.numberOrNull()
    constrained(id, 'state', () => update.run(state, version, node, finishedAt, removeAt, atoms.text(), stored.seq))
    if (stored.state === state) return
    this.#count(tenant, stored.state, -1)
    this.#count(tenant, state, 1)
  }

  label(atoms: AtomReader): void {
    const id = atoms.text()
    const tenant = atoms.text()
    const expected = atoms.number()
    const version = atoms.number()
    const labels = atoms.text()
    const stored = this.#sql.find.get(id) as StoredRow | undefined
    if (stored?.tenant !== tenant || stored.version !== expected) throw conflict('execution', id, 'version')
    if (version !== expected) constrained(id, 'version', () => this.#sql.setVersion.run(version, stored.seq))
    const before = this.#submissionOf(stored.seq)
    for (const [name, value] of refsOfLabels(before.labels)) this.#sql.deleteRef.run(tenant, name, value, id)
    for (let n = atoms.number(); n > 0; n--) this.#sql.insertRef.run(tenant, atoms.text(), atoms.text(), id)
    this.#sql.setSubmission.run(JSON.stringify({ ...before, labels: JSON.parse(labels) }), stored.seq)
  }

  delete(atoms: AtomReader): void {
    const id = atoms.text()
    const tenant = atoms.text()
    const stored = this.#sql.find.get(id) as StoredRow | undefined
    if (stored?.tenant !== tenant) return
    if (this.#sql.deleteFinal.run(stored.seq).changes === 0) throw conflict('execution', id, 'active')
    for (const [name, value] of refsOf(this.#submissionOf(stored.seq))) this.#sql.deleteRef.run(tenant, name, value, id)
    this.#sql.deleteSubmission.run(stored.seq)
    this.#count(tenant, stored.state, -1)
  }

  #submissionOf(seq: number): Submission {
    return JSON.parse(String(this.#sql.submission.get(seq)?.body)) as Submission
  }

  /** The commit stands. */
  keep(): void {
    for (const [key, by] of this.#commitDeltas) this.#deltas.set(key, (this.#deltas.get(key) ?? 0) + by)
    this.#commitDeltas = []
  }

  /** The commit was undone. */
  drop(): void {
    this.#commitDeltas = []
    this.#drift.reload()
  }

  /** Last of all before the transaction commits. */
  flush(): void {
    for (const [key, by] of this.#deltas) {
      const cut = key.indexOf(' ')
      if (by !== 0) this.#sql.count.run(key.slice(cut + 1), key.slice(0, cut), by)
    }
    this.#deltas.clear()
  }

  #count(tenant: string, state: string, by: number): void {
    this.#commitDeltas.push([`${state} ${tenant}`, by])
  }
}

/** Runs one write; a broken constraint is the change's fault, told as a conflict. */
function constrained(id: string, rule: Rule, write: () => unknown): void {
  try {
    write()
  } catch (error) {
    throw isConstraint(error) ? conflict('execution', id, rule) : error
  }
}

const prepare = (database: DatabaseSync) => ({
  lastSeq: database.prepare('SELECT max(seq) AS seq FROM executions'),
  insert: database.prepare(`INSERT INTO executions
    (seq, id, tenant, state, version, node, accepted_at, finished_at, remove_at, status)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
  insertSubmission: database.prepare('INSERT INTO submissions (seq, body) VALUES (?, ?)'),
  insertRef: database.prepare('INSERT INTO refs (tenant, name, value, execution) VALUES (?, ?, ?, ?)'),
  find: database.prepare('SELECT seq, tenant, state, version FROM executions WHERE id = ?'),
  update: database.prepare(`UPDATE executions
    SET state = ?, version = ?, node = ?, finished_at = ?, remove_at = ?, status = ? WHERE seq = ?`),
  setVersion: database.prepare('UPDATE executions SET version = ? WHERE seq = ?'),
  setSubmission: database.prepare('UPDATE submissions SET body = ? WHERE seq = ?'),
  submission: database.prepare('SELECT body FROM submissions WHERE seq = ?'),
  deleteFinal: database.prepare('DELETE FROM executions WHERE seq = ? AND finished_at IS NOT NULL'),
  deleteRef: database.prepare('DELETE FROM refs WHERE tenant = ? AND name = ? AND value = ? AND execution = ?'),
  deleteSubmission: database.prepare('DELETE FROM submissions WHERE seq = ?'),
  count: database.prepare(`INSERT INTO execution_counts (tenant, state, count) VALUES (?1, ?2, max(0, ?3))
    ON CONFLICT (tenant, state) DO UPDATE SET count = count + ?3`),
})
