/**
 * The maps behind the memory store, and how one change is applied to them.
 *
 * T1. Every change that was applied can be undone: `apply` returns nothing or throws, and what it did so far stands in
 *     `undo`, newest last.
 * T2. An event's position is taken when its commit stands, never before, so that an undone commit leaves no gap.
 */
import type { Event } from '../../core/event.ts'
import type { Execution } from '../../core/execution.ts'
import { isFinal } from '../../core/execution.ts'
import { mayFollow } from '../../core/execution-state.ts'
import type { ExecutionId, Tenant } from '../../core/identity.ts'
import type { Instant } from '../../core/instant.ts'
import { type Change, type Document, type DocumentPut, sortOfNumber } from '../../core/ports/store.ts'
import { checkFinish, checkFirst, conflict } from '../store-error.ts'

export interface StoredDocument extends Document {
  readonly indexes: Readonly<Record<string, string>>
}

export const documentId = (tenant: Tenant, collection: string, key: string): string =>
  JSON.stringify([tenant, collection, key])

export const counterId = (tenant: Tenant, name: string): string => JSON.stringify([tenant, name])

export class MemoryTables {
  readonly executions = new Map<ExecutionId, Execution>()
  readonly removeAt = new Map<ExecutionId, Instant>()
  readonly documents = new Map<string, StoredDocument>()
  readonly counters = new Map<string, number>()
  events: Event[] = []
  /** Position of the last event there ever was. */
  head = 0
  /** Events up to this position are gone. */
  pruned = 0

  /** All or nothing; returns the events it appended and the numbers it assigned. */
  apply(changes: readonly Change[]): { readonly events: readonly Event[]; readonly assigned: readonly number[] } {
    const undo: (() => void)[] = []
    const assigned: number[] = []
    try {
      for (const change of changes) this.#applyOne(change, undo, assigned)
    } catch (error) {
      for (const step of undo.reverse()) step()
      throw error
    }
    return { events: this.#append(changes), assigned }
  }

  clear(): void {
    for (const map of [this.executions, this.removeAt, this.documents, this.counters]) map.clear()
    this.events = []
    this.head = 0
    this.pruned = 0
  }

  #applyOne(change: Change, undo: (() => void)[], assigned: number[]): void {
    switch (change.kind) {
      case 'execution.insert':
        this.#insert(change.execution, change.removeAt, undo)
        break
      case 'execution.update':
        this.#update(change.execution, change.removeAt, undo)
        break
      case 'execution.labels':
        this.#label(change.execution, change.expected, undo)
        break
      case 'execution.delete':
        this.#delete(change.tenant, change.id, undo)
        break
      case 'document.put':
        this.#put(change, undo, assigned)
        break
      case 'document.delete':
        this.#drop(change.tenant, change.collection, change.key, change.expected, undo)
        break
      case 'counter.add':
        this.#count(counterId(change.tenant, change.name), change.by, undo)
        break
      case 'event':
        break
    }
  }

  #insert(execution: Execution, removeAt: Instant | undefined, undo: (() => void)[]): void {
    if (this.executions.has(execution.id)) throw conflict('execution', execution.id, 'exists')
    checkFirst(execution)
    set(this.executions, execution.id, execution, undo)
    if (removeAt !== undefined) set(this.removeAt, execution.id, removeAt, undo)
  }

  #update(execution: Execution, removeAt: Instant | undefined, undo: (() => void)[]): void {
    const stored = this.executions.get(execution.id)
    if (stored?.tenant !== execution.tenant || stored.version !== execution.version - 1)
      throw conflict('execution', execution.id, 'version')
    if (!mayFollow(stored.status.state, execution.status.state)) throw conflict('execution', execution.id, 'state')
    checkFinish(execution)
    const { status, version } = execution
    set(this.executions, execution.id, { ...stored, status, version }, undo)
    if (removeAt !== undefined) set(this.removeAt, execution.id, removeAt, undo)
  }

  #label({ id, tenant, version, submission }: Execution, expected: number, undo: (() => void)[]): void {
    const stored = this.executions.get(id)
    if (stored?.tenant !== tenant || stored.version !== expected) throw conflict('execution', id, 'version')
    const labelled = { ...stored.submission, labels: submission.labels }
    set(this.executions, id, { ...stored, submission: labelled, version }, undo)
  }

  #delete(tenant: Tenant, id: ExecutionId, undo: (() => void)[]): void {
    const stored = this.executions.get(id)
    if (stored?.tenant !== tenant) return
    if (!isFinal(stored)) throw conflict('execution', id, 'active')
    set(this.executions, id, undefined, undo)
    set(this.removeAt, id, undefined, undo)
  }

  #put(put: DocumentPut, undo: (() => void)[], assigned: number[]): void {
    const id = documentId(put.tenant, put.collection, put.key)
    const version = this.documents.get(id)?.version ?? 0
    if (put.expected !== undefined && put.expected !== version) throw conflict('document', put.key, 'version')
    const { tenant, collection, key } = put
    const body = JSON.parse(JSON.stringify(put.body))
    const indexes = { ...put.indexes }
    let sort = put.sort ?? ''
    for (const { field, counter, index, sort: sorts } of put.assign ?? []) {
      const number = this.#count(counterId(tenant, counter), 1, undo)
      assigned.push(number)
      body[field] = number
      if (index !== undefined) indexes[index] = String(number)
      if (sorts) sort = sortOfNumber(number)
    }
    set(this.documents, id, { tenant, collection, key, body, version: version + 1, sort, indexes }, undo)
  }

  #drop(tenant: Tenant, collection: string, key: string, expected: number | undefined, undo: (() => void)[]): void {
    const id = documentId(tenant, collection, key)
    if (expected !== undefined && expected !== (this.documents.get(id)?.version ?? 0))
      throw conflict('document', key, 'version')
    set(this.documents, id, undefined, undo)
  }

  #count(id: string, by: number, undo: (() => void)[]): number {
    const value = (this.counters.get(id) ?? 0) + by
    set(this.counters, id, value, undo)
    return value
  }

  #append(changes: readonly Change[]): readonly Event[] {
    const appended = changes.flatMap((change) =>
      change.kind === 'event' ? [{ ...change.event, position: ++this.head }] : [],
    )
    this.events.push(...appended)
    return appended
  }
}

function set<Key, Value>(map: Map<Key, Value>, key: Key, value: Value | undefined, undo: (() => void)[]): void {
  const former = map.get(key)
  undo.push(() => (former === undefined ? map.delete(key) : map.set(key, former)))
  if (value === undefined) map.delete(key)
  else map.set(key, value)
}
