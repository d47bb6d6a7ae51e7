/**
 * Reads executions on the main thread's own connection.
 *
 * A list may have to pass over many entries that fail its other tests. It does so in stretches and lets the event loop
 * run in between, so that a rare combination of filters costs its caller time and nobody else.
 */
import type { DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Execution, ExecutionState, ExecutionStatus, Submission } from '../../core/execution.ts'
import { isFinal } from '../../core/execution.ts'
import { EXECUTION_STATES } from '../../core/execution-state.ts'
import { asExecutionId, asTenant, type ExecutionId, type Tenant } from '../../core/identity.ts'
import type { Instant } from '../../core/instant.ts'
import { type ExecutionFilter, MOST_COUNTED, type Page, type Paged } from '../../core/ports/store.ts'
import { checkFilter, matchesExecution } from '../execution-match.ts'
import { compareText } from '../text-order.ts'
import { type Plan, plansFor, type Walk } from './execution-query.ts'
import { readDrift } from './id-drift.ts'
import type { StoredExecution } from './recent-executions.ts'
import { type Row, Statements } from './statements.ts'
import { countsOf, EXECUTION_COLUMNS, endOf, lengthOf, rowsOf, type Stretch } from './walk-sql.ts'

/** Entries counted when walks are compared: first a few, and more only where that tells nothing. About 0.1 µs each. */
const GLANCES = [500, 4_000] as const
/** Entries of the first stretch. */
const SHORTEST_STRETCH = 500
/** Entries of the longest stretch: a few milliseconds. */
const LONGEST_STRETCH = 4_000
/** Executions read one by one, and walks followed, before the event loop runs. */
const IDS_PER_TURN = 50
const WALKS_PER_TURN = 20

export class ExecutionReads {
  readonly #database: DatabaseSync
  readonly #statements: Statements

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#statements = new Statements(database)
  }

  byId(id: ExecutionId): Execution | undefined {
    return this.stored(id)?.execution
  }

  stored(id: ExecutionId): StoredExecution | undefined {
    const row = this.#statements.get(`${SELECT} WHERE e.id = ?`, [id])
    return row && { execution: executionOf(row), length: String(row[3]).length + String(row[4]).length }
  }

  async list(tenant: Tenant, filter: ExecutionFilter, page: Page): Promise<Paged<Execution>> {
    checkFilter(filter)
    const { limit, after, ascending = false } = page
    const stretch = { after, ascending }
    const found = filter.ids
      ? await this.#ofIds(tenant, filter.ids, filter, stretch, limit + 1)
      : (await this.#firstOf(this.#bestPlan(tenant, filter), stretch, limit + 1)).map(executionOf)
    const items = found.slice(0, limit)
    const last = items[items.length - 1]
    return found.length > limit && last ? { items, next: last.id } : { items }
  }

  /** By state, of those that match. */
  async count(tenant: Tenant, filter: ExecutionFilter): Promise<Readonly<Record<ExecutionState, number>>> {
    checkFilter(filter)
    const counts = { ...NONE }
    if (filter.ids) {
      const found = await this.#ofIds(tenant, filter.ids, filter, { ascending: true }, filter.ids.length)
      for (const { status } of found) counts[status.state]++
      return counts
    }
    for (const walk of this.#bestPlan(tenant, filter)) await this.#countAlong(walk, counts)
    return counts
  }

  /** Found by their ids, in order. */
  async #ofIds(
    tenant: Tenant,
    ids: readonly ExecutionId[],
    filter: ExecutionFilter,
    { after, ascending }: Stretch,
    limit: number,
  ): Promise<readonly Execution[]> {
    const sign = ascending ? 1 : -1
    const { ids: _, ...rest } = filter
    const wanted = [...new Set(ids)]
      .filter((id) => after === undefined || sign * compareText(id, after) > 0)
      .sort((a, b) => sign * compareText(a, b))
    const found: Execution[] = []
    for (const [i, id] of wanted.entries()) {
      const execution = this.byId(id)
      if (execution?.tenant === tenant && matchesExecution(execution, rest)) found.push(execution)
      if (found.length === limit) break
      if (i % IDS_PER_TURN === IDS_PER_TURN - 1) await nextTurn()
    }
    return found
  }

  /** What comes first in all walks together. Once there are enough rows, the next walks go no further than the last. */
  async #firstOf(plan: Plan, { after, ascending }: Stretch, limit: number): Promise<readonly Row[]> {
    const sign = ascending ? 1 : -1
    let first: readonly Row[] = []
    for (const [i, walk] of plan.entries()) {
      const until = first.length < limit ? undefined : String(first[limit - 1]?.[0])
      const rows = await this.#follow(walk, { after, until, ascending }, limit)
      if (rows.length > 0 && first.length > 0)
        first = [...first, ...rows].sort((a, b) => sign * compareText(String(a[0]), String(b[0]))).slice(0, limit)
      else if (rows.length > 0) first = rows
      if (i % WALKS_PER_TURN === WALKS_PER_TURN - 1) await nextTurn()
    }
    return first
  }

  async #countAlong(walk: Walk, counts: Record<ExecutionState, number>): Promise<void> {
    let total = Object.values(counts).reduce((sum, n) => sum + n, 0)
    for (let after: string | undefined; total < MOST_COUNTED; await nextTurn()) {
      const until = this.#endOf(walk, { after, ascending: true }, LONGEST_STRETCH)
      const { sql, values } = countsOf(walk, { after, until, ascending: true })
      const sums = this.#statements.get(sql, values) ?? []
      for (const [i, state] of EXECUTION_STATES.entries()) {
        counts[state] += Number(sums[i] ?? 0)
        total += Number(sums[i] ?? 0)
      }
      if (until === undefined) return
      after = until
    }
  }

  /** Of one tenant, or of all. */
  counts(tenant?: Tenant): Readonly<Record<ExecutionState, number>> {
    const where = tenant === undefined ? '' : 'WHERE tenant = ?'
    const rows = this.#statements.all(
      `SELECT state, sum(count) FROM execution_counts ${where} GROUP BY state`,
      tenant === undefined ? [] : [tenant],
    )
    return { ...NONE, ...Object.fromEntries(rows) }
  }

  expired(now: Instant, limit: number): readonly Execution[] {
    const rows = this.#statements.all(`${SELECT} WHERE e.remove_at <= ? ORDER BY e.remove_at LIMIT ?`, [now, limit])
    return rows.map(executionOf)
  }

  /** Those active when it began, oldest first, each as it is when it is reached. */
  async *active(): AsyncGenerator<Execution> {
    const ids = this.#statements.all(
      'SELECT id FROM executions INDEXED BY executions_active WHERE finished_at IS NULL',
      [],
    )
    const ordered = ids.map(([id]) => String(id)).sort(compareText)
    for (const [i, id] of ordered.entries()) {
      const execution = this.byId(asExecutionId(id))
      if (execution && !isFinal(execution)) yield execution
      if (i % SHORTEST_STRETCH === SHORTEST_STRETCH - 1) await nextTurn()
    }
  }

  #bestPlan(tenant: Tenant, filter: ExecutionFilter): Plan {
    const timed = filter.acceptedFrom !== undefined || filter.acceptedUntil !== undefined
    const plans = plansFor(tenant, filter, timed ? readDrift(this.#database) : undefined)
    if (plans.length === 1) return plans[0]!
    const counts = this.counts(tenant)
    for (const most of GLANCES) {
      const lengths = plans.map((plan) => plan.reduce((sum, walk) => sum + this.#glance(walk, most, counts), 0))
      const least = Math.min(...lengths)
      if (least < most) return plans[lengths.indexOf(least)]!
    }
    return plans[0]!
  }

  #glance(walk: Walk, most: number, counts: Readonly<Record<ExecutionState, number>>): number {
    if (walk.states) return walk.states.reduce((sum, state) => sum + counts[state], 0)
    const { sql, values } = lengthOf(walk, most)
    return Number(this.#statements.get(sql, values)?.[0])
  }

  async #follow(walk: Walk, from: Stretch, limit: number): Promise<readonly Row[]> {
    if (walk.rest.length === 0) return this.#rows(walk, from, limit)
    const rows: Row[] = []
    let stretch = from
    for (let length = SHORTEST_STRETCH; ; length = Math.min(2 * length, LONGEST_STRETCH)) {
      const end = this.#endOf(walk, stretch, length)
      rows.push(...this.#rows(walk, { ...stretch, until: end ?? from.until }, limit - rows.length))
      if (end === undefined || rows.length >= limit) return rows
      stretch = { ...stretch, after: end }
      await nextTurn()
    }
  }

  #rows(walk: Walk, stretch: Stretch, limit: number): readonly Row[] {
    const { sql, values } = rowsOf(walk, stretch, limit)
    return this.#statements.all(sql, values)
  }

  #endOf(walk: Walk, stretch: Stretch, length: number): string | undefined {
    const { sql, values } = endOf(walk, stretch, length)
    const end = this.#statements.get(sql, values)?.[0]
    return end === undefined ? undefined : String(end)
  }
}

const SELECT = `SELECT ${EXECUTION_COLUMNS} FROM executions AS e CROSS JOIN submissions AS s ON s.seq = e.seq`

const NONE = Object.fromEntries(EXECUTION_STATES.map((s) => [s, 0])) as Readonly<Record<ExecutionState, number>>

function executionOf([id, tenant, version, status, submission]: Row): Execution {
  return {
    id: asExecutionId(String(id)),
    tenant: asTenant(String(tenant)),
    submission: JSON.parse(String(submission)) as Submission,
    status: JSON.parse(String(status)) as ExecutionStatus,
    version: Number(version),
  }
}
