/**
 * The store port: transactional records.
 *
 * S1. A commit is all or nothing, and durable when its promise resolves.
 * S2. Concurrent commits share one transaction and one fsync, each in its own savepoint: a conflict harms nobody else.
 * S3. Events are appended in the commit; once position p was readable, no lower one ever appears.
 * S4. A reader that saw a commit's reply sees the commit.
 * S5. Every read names its tenant; only `system` reads cross tenants, and only the engine holds it.
 */
import type { Event, UnplacedEvent } from '../event.ts'
import type { Execution, ExecutionState } from '../execution.ts'
import type { ExecutionId, Tenant } from '../identity.ts'
import type { Instant } from '../instant.ts'

export interface Store {
  /** Rejects with EngineError `conflict` (facts.subject, facts.id) when a version or key does not match, `exhausted`
   *  when the disk is full, `unavailable` when the store is closed. Nothing of the list is then applied. */
  commit(changes: readonly Change[]): Promise<Committed>

  execution(tenant: Tenant, id: ExecutionId): Promise<Execution | undefined>
  /** Newest first, by id. */
  executions(tenant: Tenant, filter: ExecutionFilter, page: Page): Promise<Paged<Execution>>
  /** By state. Without a filter, or by states alone, from counts that are kept; else counted along an index, up to
   *  `MOST_COUNTED` in all: that many may stand for more. */
  countExecutions(tenant: Tenant, filter?: ExecutionFilter): Promise<Readonly<Record<ExecutionState, number>>>

  document<Body>(tenant: Tenant, collection: string, key: string): Promise<Document<Body> | undefined>
  /** By `sort`, then key: ascending unless the query says `ascending: false`. */
  documents<Body>(tenant: Tenant, collection: string, query: DocumentQuery): Promise<Paged<Document<Body>>>
  counter(tenant: Tenant, name: string): Promise<number>

  /** Events after `after`, oldest first, at most `limit`; rejects with `not_found` facts.subject 'cursor' when pruned
   *  or of another store. */
  events(tenant: Tenant, after: string | undefined, filter: EventFilter, limit: number): Promise<EventPage>
  /** The position that a list taken now corresponds to: take it before the list, then nothing is missed. */
  cursor(): string
  /** The position before the first event of this time or later; where the clock was set back, near it. */
  cursorAt(at: Instant): Promise<string>
  /** Called after every commit that appended events, in order of position. Returns the way to unsubscribe. */
  onEvents(listener: (events: readonly Event[]) => void): () => void

  readonly system: SystemReads
  close(): Promise<void>
}

/** Reads across tenants: for the engine's own services. */
export interface SystemReads {
  /** Every execution that is not final, oldest first. */
  activeExecutions(): AsyncIterable<Execution>
  execution(id: ExecutionId): Promise<Execution | undefined>
  events(after: string | undefined, limit: number): Promise<EventPage>
  documents<Body>(collection: string, query: DocumentQuery): Promise<Paged<Document<Body>>>
  /** Final executions whose `removeAt` has passed. */
  expiredExecutions(now: Instant, limit: number): Promise<readonly Execution[]>
  /** Deletes events up to `before` except the newest `keep`; returns how many. */
  pruneEvents(before: Instant, keep: number): Promise<number>
  counts(): Promise<Readonly<Record<ExecutionState, number>>>
  /** Empties everything: the first-start state. */
  reset(): Promise<void>
}

export type Change =
  /** `removeAt` only where it is final at once. */
  | { readonly kind: 'execution.insert'; readonly execution: Execution; readonly removeAt?: Instant }
  /** `execution.version` is the new one; the stored one must be one less. Only `status` is written. */
  | { readonly kind: 'execution.update'; readonly execution: Execution; readonly removeAt?: Instant }
  /** Replaces the labels, the one part of a submission that may change, also of a final execution. `expected`: the stored
   *  version it must have, which the same commit may just have written; the execution's own is the one it has then. */
  | { readonly kind: 'execution.labels'; readonly execution: Execution; readonly expected: number }
  | { readonly kind: 'execution.delete'; readonly tenant: Tenant; readonly id: ExecutionId }
  | { readonly kind: 'event'; readonly event: UnplacedEvent }
  | DocumentPut
  | {
      readonly kind: 'document.delete'
      readonly tenant: Tenant
      readonly collection: string
      readonly key: string
      readonly expected?: number
    }
  | { readonly kind: 'counter.add'; readonly tenant: Tenant; readonly name: string; readonly by: number }

export interface DocumentPut {
  readonly kind: 'document.put'
  readonly tenant: Tenant
  readonly collection: string
  readonly key: string
  readonly body: unknown
  /** Orders lists; default ''. Compared as text. */
  readonly sort?: string
  /** What it can be found by: name → value. Replaces the former ones. */
  readonly indexes?: Readonly<Record<string, string>>
  /** The stored version it must have; 0: it must not exist; undefined: whatever there is. */
  readonly expected?: number
  /** Gap-free sequences: in the order given. */
  readonly assign?: readonly Assignment[]
}

/** Takes the next number of a counter and writes it to a top-level field of the body, and where asked for also … */
export interface Assignment {
  readonly field: string
  readonly counter: string
  /** … as the value of this index, in plain decimals, */
  readonly index?: string
  /** as `sort`, with leading zeros, so that it orders (`sortOfNumber`). */
  readonly sort?: boolean
}

/** A number as text that sorts like the number; what `assign` writes. */
export const sortOfNumber = (number: number): string => String(number).padStart(16, '0')

export interface Committed {
  /** Opaque position of the last event there was. */
  readonly cursor: string
  /** Numbers given by `assign`, in order of the changes. */
  readonly assigned: readonly number[]
}

export interface Document<Body = unknown> {
  readonly tenant: Tenant
  readonly collection: string
  readonly key: string
  readonly body: Body
  readonly version: number
  readonly sort: string
}

/** One value, or a list of which any will do; an empty list matches nothing. At most `MOST_VALUES`. */
export type AnyOf<Value extends string = string> = Value | readonly Value[]

/** Longest list of values in one condition of a filter, and longest list of ids. */
export const MOST_VALUES = 200
export const MOST_IDS = 1_000
/** Where counting by a filter ends. */
export const MOST_COUNTED = 100_000

/** All conditions must hold. Lists that are too long are refused with `invalid`. */
export interface ExecutionFilter {
  /** Any of these, at most `MOST_IDS`. */
  readonly ids?: readonly ExecutionId[]
  /** Any of these. */
  readonly states?: readonly ExecutionState[]
  readonly active?: boolean
  readonly task?: AnyOf
  readonly face?: AnyOf
  readonly key?: AnyOf
  readonly node?: AnyOf
  readonly trigger?: AnyOf
  readonly name?: AnyOf
  /** All of these must match exactly, each with any of its values. */
  readonly refs?: Readonly<Record<string, AnyOf>>
  readonly labels?: Readonly<Record<string, AnyOf>>
  readonly acceptedFrom?: Instant
  readonly acceptedUntil?: Instant
}

export interface Page {
  readonly limit: number
  /** `next` of the page before. Opaque. */
  readonly after?: string
  /** Oldest first instead. */
  readonly ascending?: boolean
}

export interface Paged<Item> {
  readonly items: readonly Item[]
  readonly next?: string
}

export interface DocumentQuery extends Page {
  /** Must have this index value. */
  readonly index?: { readonly name: string; readonly value: string }
  readonly keyPrefix?: string
  /** Bounds on `sort`, inclusive from, exclusive until. */
  readonly sortFrom?: string
  readonly sortUntil?: string
}

export interface EventFilter {
  readonly execution?: ExecutionId
  readonly kinds?: readonly string[]
}

export interface EventPage {
  readonly events: readonly Event[]
  /** Pass as `after` for what comes next. */
  readonly cursor: string
}
