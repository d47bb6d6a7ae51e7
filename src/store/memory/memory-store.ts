/**
 * The store port over plain maps: for simulations and tests. It forgets everything when the process ends.
 *
 * M1. A commit is applied within the call, so that simulations are deterministic; its promise resolves later.
 * M2. `beforeCommit` decides the fate of each commit, as a crash would: `drop` (nothing was stored) and `applyThenFail`
 *     (stored, but the caller and the listeners never learn of it) both reject with `unavailable`.
 */
import { EngineError } from '../../core/engine-error.ts'
import type { Execution, ExecutionState } from '../../core/execution.ts'
import { isFinal } from '../../core/execution.ts'
import { EXECUTION_STATES } from '../../core/execution-state.ts'
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
import { checkFilter, matchesExecution } from '../execution-match.ts'
import { closed } from '../store-error.ts'
import { compareText } from '../text-order.ts'
import { pageOfDocuments } from './memory-documents.ts'
import { counterId, documentId, MemoryTables } from './memory-tables.ts'

export type CommitFate = 'apply' | 'drop' | 'applyThenFail'

export interface MemoryStoreOptions {
  /** Part of every cursor. Default `memory`. */
  readonly epoch?: string
  readonly beforeCommit?: (changes: readonly Change[]) => CommitFate
}

export class MemoryStore implements Store {
  readonly system: SystemReads
  readonly #tables = new MemoryTables()
  readonly #hub = new EventHub()
  readonly #beforeCommit: (changes: readonly Change[]) => CommitFate
  #epoch: string
  #closed = false

  constructor(options: MemoryStoreOptions = {}) {
    this.#epoch = options.epoch ?? 'memory'
    this.#beforeCommit = options.beforeCommit ?? (() => 'apply')
    this.system = this.#systemReads()
  }

  async commit(changes: readonly Change[]): Promise<Committed> {
    if (this.#closed) throw closed()
    const fate = this.#beforeCommit(changes)
    if (fate === 'drop') throw crashed()
    const { events, assigned } = this.#tables.apply(changes)
    const cursor = this.cursor()
    if (fate === 'applyThenFail') throw crashed()
    this.#hub.publish(events)
    return { cursor, assigned }
  }

  async execution(tenant: Tenant, id: ExecutionId): Promise<Execution | undefined> {
    const found = this.#tables.executions.get(id)
    return found?.tenant === tenant ? found : undefined
  }

  async executions(tenant: Tenant, filter: ExecutionFilter, page: Page): Promise<Paged<Execution>> {
    checkFilter(filter)
    const { after, ascending = false, limit } = page
    const sign = ascending ? 1 : -1
    const found = [...this.#tables.executions.values()]
      .filter((e) => e.tenant === tenant && matchesExecution(e, filter))
      .filter((e) => after === undefined || sign * compareText(e.id, after) > 0)
      .sort((a, b) => sign * compareText(a.id, b.id))
    const items = found.slice(0, limit)
    const last = items[items.length - 1]
    return found.length > items.length && last ? { items, next: last.id } : { items }
  }

  async countExecutions(
    tenant: Tenant,
    filter: ExecutionFilter = {},
  ): Promise<Readonly<Record<ExecutionState, number>>> {
    checkFilter(filter)
    return this.#count((e) => e.tenant === tenant && matchesExecution(e, filter))
  }

  async document<Body>(tenant: Tenant, collection: string, key: string): Promise<Document<Body> | undefined> {
    const found = this.#tables.documents.get(documentId(tenant, collection, key))
    if (!found) return undefined
    const { indexes: _, ...document } = found
    return document as Document<Body>
  }

  async documents<Body>(tenant: Tenant, collection: string, query: DocumentQuery): Promise<Paged<Document<Body>>> {
    return pageOfDocuments(this.#tables.documents.values(), collection, query, tenant) as Paged<Document<Body>>
  }

  async counter(tenant: Tenant, name: string): Promise<number> {
    return this.#tables.counters.get(counterId(tenant, name)) ?? 0
  }

  async events(tenant: Tenant, after: string | undefined, filter: EventFilter, limit: number): Promise<EventPage> {
    return this.#events(after, { ...filter, tenant }, limit)
  }

  cursor(): string {
    return encodeCursor(this.#epoch, this.#tables.head)
  }

  async cursorAt(at: Instant): Promise<string> {
    const { events, pruned } = this.#tables
    const before = events.findLast((event) => event.at < at)
    return encodeCursor(this.#epoch, before?.position ?? pruned)
  }

  onEvents(listener: EventListener): () => void {
    return this.#hub.subscribe(listener)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#hub.clear()
  }

  #systemReads(): SystemReads {
    return {
      activeExecutions: () => this.#active(),
      execution: async (id) => this.#tables.executions.get(id),
      events: async (after, limit) => this.#events(after, {}, limit),
      documents: async <Body>(collection: string, query: DocumentQuery) =>
        pageOfDocuments(this.#tables.documents.values(), collection, query) as Paged<Document<Body>>,
      expiredExecutions: async (now, limit) => this.#expired(now, limit),
      pruneEvents: async (before, keep) => this.#prune(before, keep),
      counts: async () => this.#count(() => true),
      reset: async () => this.#reset(),
    }
  }

  async *#active(): AsyncGenerator<Execution> {
    const active = [...this.#tables.executions.values()].filter((e) => !isFinal(e))
    yield* active.sort((a, b) => compareText(a.id, b.id))
  }

  #count(wanted: (execution: Execution) => boolean): Readonly<Record<ExecutionState, number>> {
    const counts = Object.fromEntries(EXECUTION_STATES.map((s) => [s, 0])) as Record<ExecutionState, number>
    for (const e of this.#tables.executions.values()) if (wanted(e)) counts[e.status.state]++
    return counts
  }

  #events(after: string | undefined, filter: EventFilter & { tenant?: Tenant }, limit: number): EventPage {
    const { events, head, pruned } = this.#tables
    const from = after === undefined ? pruned : decodeCursor(after, this.#epoch, pruned, head)
    const found = events.filter(
      (e) =>
        e.position > from &&
        (filter.tenant === undefined || e.tenant === filter.tenant) &&
        (filter.execution === undefined || e.execution === filter.execution) &&
        (filter.kinds === undefined || filter.kinds.includes(e.transition.kind)),
    )
    const page = found.slice(0, limit)
    const end = found.length > limit ? (page[page.length - 1]?.position ?? from) : head
    return { events: page, cursor: encodeCursor(this.#epoch, end) }
  }

  #expired(now: Instant, limit: number): readonly Execution[] {
    const due = [...this.#tables.removeAt].filter(([, at]) => at <= now).sort((a, b) => a[1] - b[1])
    return due.slice(0, limit).flatMap(([id]) => this.#tables.executions.get(id) ?? [])
  }

  #prune(before: Instant, keep: number): number {
    const { events } = this.#tables
    const bound = Math.max(0, events.length - keep)
    const young = events.findIndex((e) => e.at >= before)
    const count = Math.min(bound, young === -1 ? events.length : young)
    this.#tables.pruned = events[count - 1]?.position ?? this.#tables.pruned
    this.#tables.events = events.slice(count)
    return count
  }

  #reset(): void {
    this.#tables.clear()
    this.#epoch = `${this.#epoch}+`
  }
}

const crashed = (): EngineError => new EngineError('unavailable', 'the store crashed', { subject: 'store' })
