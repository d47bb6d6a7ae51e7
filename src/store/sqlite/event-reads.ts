import type { DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Event, Transition } from '../../core/event.ts'
import { asExecutionId, asTenant, type Tenant } from '../../core/identity.ts'
import type { Instant } from '../../core/instant.ts'
import type { EventFilter } from '../../core/ports/store.ts'
import { type Row, Statements } from './statements.ts'

/** Rows read at once; the event loop runs in between. */
const CHUNK = 500

const NEXT = 'SELECT position, at FROM events WHERE position > ? ORDER BY position LIMIT 1'

/** Reads history on the main thread's own connection. */
export class EventReads {
  readonly #statements: Statements

  constructor(database: DatabaseSync) {
    this.#statements = new Statements(database)
  }

  /** Events `after < position ≤ head`, at most `limit`, and the position to go on from. */
  async list(
    after: number,
    head: number,
    filter: EventFilter & { readonly tenant?: Tenant },
    limit: number,
  ): Promise<{ readonly events: readonly Event[]; readonly position: number }> {
    const found: Event[] = []
    let from = after
    for (;;) {
      const rows = this.#rows(from, head, filter, Math.min(CHUNK, limit + 1))
      for (const row of rows) for (const event of eventsOf(row)) if (fits(event, after, filter)) found.push(event)
      if (found.length > limit) return cut(found, limit, after)
      const last = rows[rows.length - 1]
      if (!last) return { events: found, position: head }
      from = Number(last[0])
      await nextTurn()
    }
  }

  /** Position of the last event before `at`, `pruned` where none is: rows lie in order of time, so by halves. */
  lastBefore(at: Instant, pruned: number, head: number): number {
    let [last, end] = [pruned, head]
    while (last < end) {
      const middle = Math.floor((last + end) / 2)
      const [next] = this.#statements.all(NEXT, [middle])
      if (next === undefined || Number(next[1]) >= at) end = middle
      else last = Number(next[0])
    }
    return last
  }

  #rows(
    after: number,
    head: number,
    filter: EventFilter & { readonly tenant?: Tenant },
    limit: number,
  ): readonly Row[] {
    const { sql, values } = eventsSql(filter)
    return this.#statements.all(sql, [...values, after, head, limit])
  }
}

/** Takes position after, position until and limit as further values. */
export function eventsSql(filter: EventFilter & { readonly tenant?: Tenant }): {
  readonly sql: string
  readonly values: readonly string[]
} {
  const { execution, tenant } = filter
  const [from, where, values] =
    execution !== undefined
      ? ['events INDEXED BY events_execution', 'execution = ? AND ', [execution]]
      : tenant !== undefined
        ? ['events INDEXED BY events_tenant', 'tenant = ? AND ', [tenant]]
        : ['events', '', []]
  const sql = `SELECT position, size, tenant, execution, at, version, transitions FROM ${from}
    WHERE ${where}position > ? AND position <= ? ORDER BY position LIMIT ?`
  return { sql, values }
}

function cut(found: readonly Event[], limit: number, after: number) {
  const events = found.slice(0, limit)
  return { events, position: events[events.length - 1]?.position ?? after }
}

const fits = (event: Event, after: number, filter: EventFilter & { readonly tenant?: Tenant }): boolean =>
  event.position > after &&
  (filter.tenant === undefined || event.tenant === filter.tenant) &&
  (filter.kinds === undefined || filter.kinds.includes(event.transition.kind))

function eventsOf([position, size, tenant, execution, at, version, transitions]: Row): readonly Event[] {
  const first = Number(position) - Number(size) + 1
  return (JSON.parse(String(transitions)) as readonly Transition[]).map((transition, i) => ({
    position: first + i,
    tenant: asTenant(String(tenant)),
    execution: asExecutionId(String(execution)),
    at: Number(at),
    version: Number(version),
    transition,
  }))
}
