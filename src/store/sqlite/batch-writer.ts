/**
 * Applies batches: one transaction, one fsync.
 *
 * W1. A commit that fails harms no other: a batch with such a one is written again, each commit in a savepoint of its own.
 * W2. A batch that fails as a whole (disk full) leaves nothing behind, in the database or in the writers' memories.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { EngineError } from '../../core/engine-error.ts'
import { AtomReader } from './atom-reader.ts'
import { type Atom, COUNT, DELETE, DROP, EVENTS, type Fate, INSERT, LABELS, PUT, UPDATE } from './batch-protocol.ts'
import { DocumentWriter } from './document-writer.ts'
import { EventWriter } from './event-writer.ts'
import { ExecutionWriter } from './execution-writer.ts'
import { toWire } from './sqlite-error.ts'

export class BatchWriter {
  readonly events: EventWriter
  readonly #executions: ExecutionWriter
  readonly #documents: DocumentWriter
  readonly #database: DatabaseSync
  readonly #sql: Readonly<Record<'begin' | 'commit' | 'savepoint' | 'release' | 'undo', StatementSync>>

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#executions = new ExecutionWriter(database)
    this.#documents = new DocumentWriter(database)
    this.events = new EventWriter(database)
    this.#sql = {
      begin: database.prepare('BEGIN IMMEDIATE'),
      commit: database.prepare('COMMIT'),
      savepoint: database.prepare('SAVEPOINT one'),
      release: database.prepare('RELEASE one'),
      undo: database.prepare('ROLLBACK TO one'),
    }
  }

  /** Durable when it returns; throws when the batch as a whole failed. */
  write(atoms: readonly Atom[]): readonly Fate[] {
    return this.#writeTogether(atoms) ?? this.#writeEach(atoms, (reader) => this.#applyIsolated(reader))
  }

  /** Undefined, and nothing written, when a commit of the batch fails: few batches hold one, and savepoints copy each page. */
  #writeTogether(atoms: readonly Atom[]): readonly Fate[] | undefined {
    try {
      return this.#writeEach(atoms, (reader) => this.#applyOne(reader))
    } catch (error) {
      if (error instanceof EngineError) return undefined
      throw error
    }
  }

  #writeEach(atoms: readonly Atom[], apply: (reader: AtomReader) => Fate): readonly Fate[] {
    return this.transaction(() => {
      const reader = new AtomReader(atoms)
      const fates: Fate[] = []
      while (!reader.done) fates.push(apply(reader))
      return fates
    })
  }

  transaction<Result>(work: () => Result): Result {
    this.#sql.begin.run()
    try {
      const result = work()
      this.#executions.flush()
      this.#sql.commit.run()
      return result
    } catch (error) {
      this.#rollBack()
      throw error
    }
  }

  /** After rows changed behind the writers' backs. */
  reload(): void {
    this.#executions.reload()
    this.events.reload()
  }

  #rollBack(): void {
    // SQLite rolls back by itself on some errors, a full disk among them.
    if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
    this.reload()
  }

  #applyIsolated(atoms: AtomReader): Fate {
    const { head } = this.events
    const end = atoms.endOfCommit
    this.#sql.savepoint.run()
    try {
      const fate = this.#applyOne(atoms)
      this.#sql.release.run()
      return fate
    } catch (error) {
      if (!(error instanceof EngineError)) throw error
      this.#sql.undo.run()
      this.#sql.release.run()
      this.#executions.drop()
      this.events.head = head
      atoms.at = end
      return toWire(error)
    }
  }

  #applyOne(atoms: AtomReader): Fate {
    const assigned: number[] = []
    const end = atoms.endOfCommit
    atoms.at++
    while (atoms.at < end) this.#apply(atoms.number(), atoms, assigned)
    this.#executions.keep()
    return assigned.length === 0 ? null : assigned
  }

  #apply(kind: number, atoms: AtomReader, assigned: number[]): void {
    switch (kind) {
      case INSERT:
        this.#executions.insert(atoms)
        break
      case UPDATE:
        this.#executions.update(atoms)
        break
      case EVENTS:
        this.events.append(atoms)
        break
      case PUT:
        this.#documents.put(atoms, assigned)
        break
      case DROP:
        this.#documents.drop(atoms)
        break
      case COUNT:
        this.#documents.count(atoms)
        break
      case LABELS:
        this.#executions.label(atoms)
        break
      case DELETE:
        this.#executions.delete(atoms)
        break
      default:
        throw new Error(`no change has the number ${kind}`)
    }
  }
}
