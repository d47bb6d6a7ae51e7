/**
 * The roster: every execution that is not final, in memory, as last committed. It is the engine's view of the present;
 * the store is its memory. Only `Transitions` writes to it (and submission, when it enters).
 *
 * R1. An entry's execution is exactly what the store has: it changes after the commit, never before.
 */
import type { Execution } from '../core/execution.ts'
import type { ExecutionId, Tenant } from '../core/identity.ts'

export class Roster {
  readonly #byId = new Map<ExecutionId, Execution>()
  readonly #byKey = new Map<string, Set<ExecutionId>>()
  readonly #watchers = new Map<ExecutionId, Set<(e: Execution) => void>>()

  get size(): number {
    return this.#byId.size
  }

  get(id: ExecutionId): Execution | undefined {
    return this.#byId.get(id)
  }

  ofTenant(tenant: Tenant, id: ExecutionId): Execution | undefined {
    const found = this.#byId.get(id)
    return found?.tenant === tenant ? found : undefined
  }

  all(): IterableIterator<Execution> {
    return this.#byId.values()
  }

  enter(execution: Execution): void {
    this.#byId.set(execution.id, execution)
    const { key } = execution.submission
    if (key === undefined) return
    const place = keyOf(execution.tenant, key)
    const ids = this.#byKey.get(place) ?? new Set()
    this.#byKey.set(place, ids.add(execution.id))
  }

  replace(execution: Execution): void {
    this.#byId.set(execution.id, execution)
    this.#tell(execution)
  }

  /** It became final: whoever watches it is told, then it is forgotten. */
  leave(execution: Execution): void {
    this.#byId.delete(execution.id)
    const { key } = execution.submission
    if (key !== undefined) this.#forgetKey(keyOf(execution.tenant, key), execution.id)
    this.#tell(execution)
    this.#watchers.delete(execution.id)
  }

  /** The newest active execution with this key. */
  byKey(tenant: Tenant, key: string): Execution | undefined {
    const ids = [...(this.#byKey.get(keyOf(tenant, key)) ?? [])]
    return ids.length === 0 ? undefined : this.#byId.get(ids.reduce((a, b) => (a > b ? a : b)))
  }

  /** Calls `see` after every commit of that execution. Returns the way to unsubscribe. */
  watch(id: ExecutionId, see: (e: Execution) => void): () => void {
    const set = this.#watchers.get(id) ?? new Set()
    this.#watchers.set(id, set.add(see))
    return () => {
      set.delete(see)
      if (set.size === 0 && this.#watchers.get(id) === set) this.#watchers.delete(id)
    }
  }

  clear(): void {
    this.#byId.clear()
    this.#byKey.clear()
    this.#watchers.clear()
  }

  #tell(execution: Execution): void {
    const set = this.#watchers.get(execution.id)
    if (set) for (const see of [...set]) see(execution)
  }

  #forgetKey(place: string, id: ExecutionId): void {
    const ids = this.#byKey.get(place)
    ids?.delete(id)
    if (ids?.size === 0) this.#byKey.delete(place)
  }
}

const keyOf = (tenant: Tenant, key: string): string => `${tenant}\n${key}`
