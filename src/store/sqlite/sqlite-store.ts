/**
 * The store port on one SQLite file. Commits go through the queue to the thread that writes; reads are synchronous, on a
 * read-only connection of the main thread, which sees everything that was acknowledged (S4). One store at a time has a
 * directory. Beside the database only `head`, `epoch`, `pruned` and the executions read lately are kept; all follow the
 * writer's replies.
 */
import type { DatabaseSync } from 'node:sqlite'
import type { Execution, ExecutionState } from '../../core/execution.ts'
import type { ExecutionId, Tenant } from '../../core/identity.ts'
import type { Instant } from '../../core/instant.ts'
import type {
  Change,
  Committed,
  Document,
  DocumentQuery,
  EventFilter,
  EventPage,
  ExecutionFilter,
  Page,
  Paged,
  Store,
  SystemReads,
} from '../../core/ports/store.ts'
import { decodeCursor, encodeCursor } from '../cursor.ts'
import { EventHub, type EventListener } from '../event-hub.ts'
import { countsKept } from '../execution-match.ts'
import { CommitQueue } from './commit-queue.ts'
import { openForReading, type WriterTuning } from './database.ts'
import { lockDirectory } from './directory-lock.ts'
import { DocumentReads } from './document-reads.ts'
import { EventReads } from './event-reads.ts'
import { ExecutionReads } from './execution-reads.ts'
import { RecentExecutions } from './recent-executions.ts'
import { WriterThread } from './writer-thread.ts'

export interface SqliteStoreOptions {
  /** Made when it is not there. Holds `taskport.db` and its companions. */
  readonly directory: string
  readonly tuning?: WriterTuning
  /** Told how long each commit took to become durable, ms. */
  readonly committed?: (ms: number) => void
}

/** Opens or creates; rejects with `unavailable` when another server has the directory or a newer one wrote it. */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<SqliteStore> {
  const { directory, tuning = {}, committed } = options
  const lock = lockDirectory(directory)
  try {
    const { thread, ready } = await WriterThread.start({ directory, tuning })
    return new SqliteStore({ thread, lock, ...ready, database: openForReading(directory), committed })
  } catch (error) {
    lock.release()
    throw error
  }
}

interface Opened {
  readonly thread: WriterThread
  readonly lock: { release(): void }
  readonly database: DatabaseSync
  readonly epoch: string
  readonly head: number
  readonly pruned: number
  readonly committed: SqliteStoreOptions['committed'] | undefined
}

export class SqliteStore implements Store {
  readonly system: SystemReads
  readonly #opened: Opened
  readonly #hub = new EventHub()
  readonly #queue: CommitQueue
  readonly #executions: ExecutionReads
  readonly #recent = new RecentExecutions()
  readonly #documents: DocumentReads
  readonly #events: EventReads
  #pruned: number
  #closing: Promise<void> | undefined

  constructor(opened: Opened) {
    this.#opened = opened
    this.#queue = new CommitQueue(opened.thread, this.#hub, this.#recent, opened.epoch, opened.head)
    this.#executions = new ExecutionReads(opened.database)
    this.#documents = new DocumentReads(opened.database)
    this.#events = new EventReads(opened.database)
    this.#pruned = opened.pruned
    this.system = this.#systemReads()
  }

  commit(changes: readonly Change[]): Promise<Committed> {
    const { committed } = this.#opened
    const done = this.#queue.commit(changes)
    if (committed) {
      const begun = performance.now()
      done.then(
        () => committed(performance.now() - begun),
        () => undefined,
      )
    }
    return done
  }

  async execution(tenant: Tenant, id: ExecutionId): Promise<Execution | undefined> {
    const found = this.#recent.of(id, () => this.#executions.stored(id))
    return found?.tenant === tenant ? found : undefined
  }

  async executions(tenant: Tenant, filter: ExecutionFilter, page: Page): Promise<Paged<Execution>> {
    return this.#executions.list(tenant, filter, page)
  }

  async countExecutions(
    tenant: Tenant,
    filter: ExecutionFilter = {},
  ): Promise<Readonly<Record<ExecutionState, number>>> {
    return countsKept(filter, this.#executions.counts(tenant)) ?? this.#executions.count(tenant, filter)
  }

  async document<Body>(tenant: Tenant, collection: string, key: string): Promise<Document<Body> | undefined> {
    return this.#documents.byKey(tenant, collection, key)
  }

  async documents<Body>(tenant: Tenant, collection: string, query: DocumentQuery): Promise<Paged<Document<Body>>> {
    return this.#documents.list(collection, query, tenant)
  }

  async counter(tenant: Tenant, name: string): Promise<number> {
    return this.#documents.counter(tenant, name)
  }

  async events(tenant: Tenant, after: string | undefined, filter: EventFilter, limit: number): Promise<EventPage> {
    return this.#history(after, { ...filter, tenant }, limit)
  }

  cursor(): string {
    return encodeCursor(this.#queue.epoch, this.#queue.head)
  }

  async cursorAt(at: Instant): Promise<string> {
    const { epoch, head } = this.#queue
    return encodeCursor(epoch, this.#events.lastBefore(at, this.#pruned, head))
  }

  onEvents(listener: EventListener): () => void {
    return this.#hub.subscribe(listener)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#queue.close()
    // Before the writer, which as the last connection folds the write-ahead log into the database.
    this.#opened.database.close()
    await this.#opened.thread.close()
    this.#hub.clear()
    this.#opened.lock.release()
  }

  #systemReads(): SystemReads {
    return {
      activeExecutions: () => this.#executions.active(),
      execution: async (id) => this.#executions.byId(id),
      events: async (after, limit) => this.#history(after, {}, limit),
      documents: async <Body>(collection: string, query: DocumentQuery) =>
        this.#documents.list<Body>(collection, query),
      expiredExecutions: async (now, limit) => this.#executions.expired(now, limit),
      pruneEvents: (before, keep) => this.#prune(before, keep),
      counts: async () => this.#executions.counts(),
      reset: () => this.#reset(),
    }
  }

  async #history(
    after: string | undefined,
    filter: EventFilter & { tenant?: Tenant },
    limit: number,
  ): Promise<EventPage> {
    const { epoch, head } = this.#queue
    const from = after === undefined ? this.#pruned : decodeCursor(after, epoch, this.#pruned, head)
    const { events, position } = await this.#events.list(from, head, filter, limit)
    // Pruned or emptied while it was read: there may be a gap.
    if (after !== undefined) decodeCursor(after, this.#queue.epoch, this.#pruned, this.#queue.head)
    return { events, cursor: encodeCursor(epoch, position) }
  }

  async #prune(before: Instant, keep: number): Promise<number> {
    for (let removed = 0; ; ) {
      const round = await this.#opened.thread.ask({ kind: 'prune', before, keep }, 'pruned')
      this.#pruned = round.pruned
      removed += round.removed
      if (!round.more) return removed
    }
  }

  async #reset(): Promise<void> {
    const { epoch, head, pruned } = await this.#opened.thread.ask({ kind: 'reset' }, 'ready')
    this.#recent.clear()
    this.#queue.epoch = epoch
    this.#queue.head = head
    this.#pruned = pruned
  }
}
