/**
 * Turns a filter into walks: each follows one index in the order of ids and tests what the index does not settle row by
 * row. Every walk names its index (INDEXED BY), so that a plan that would scan a table is an error, never a slow reply.
 */
import type { SQLInputValue } from 'node:sqlite'
import type { ExecutionState } from '../../core/execution.ts'
import { isFinalState } from '../../core/execution.ts'
import { EXECUTION_STATES } from '../../core/execution-state.ts'
import type { ExecutionFilter } from '../../core/ports/store.ts'
import { valuesOf } from '../execution-match.ts'
import { refsOfFilter, type WantedRef } from './execution-refs.ts'
import { type Drift, prefixOfTime } from './id-drift.ts'

/** In its SQL `{id}` stands for the column that is the id in the walk's index. */
export interface Condition {
  readonly sql: string
  readonly values: readonly SQLInputValue[]
}

export interface Walk {
  readonly index: 'refs' | 'executions_tenant' | 'executions_active' | 'executions_final' | 'executions_node'
  /** Served by the index. */
  readonly where: readonly Condition[]
  /** Tested row by row. */
  readonly rest: readonly Condition[]
  /** It follows the executions of these states, which are counted. */
  readonly states?: readonly ExecutionState[]
}

/** Disjoint walks that together find everything. */
export type Plan = readonly Walk[]

/** One part of a filter and how it would be answered by an index of its own. */
interface Part {
  readonly test: Condition
  readonly walks: (rest: readonly Condition[]) => Plan
}

/** Every way to answer the filter, its ids excepted. The first is the best guess while nothing is known of the numbers. */
export function plansFor(tenant: string, filter: ExecutionFilter, drift: Drift | undefined): readonly Plan[] {
  if (asksForNone(filter)) return [[]]
  const parts = partsOf(tenant, filter)
  const range = idRange(filter, drift)
  const times = acceptedIn(filter)
  const narrow = (walk: Walk): Walk => ({ ...walk, where: [...walk.where, ...range], rest: [...walk.rest, ...times] })
  if (parts.length === 0)
    return [[narrow({ index: 'executions_tenant', where: [equals('e.tenant', tenant)], rest: [] })]]
  return parts.map((part) => part.walks(parts.filter((p) => p !== part).map((p) => p.test)).map(narrow))
}

/** An empty list matches nothing. */
const asksForNone = (filter: ExecutionFilter): boolean =>
  statesOf(filter)?.length === 0 ||
  (filter.node !== undefined && valuesOf(filter.node).length === 0) ||
  refsOfFilter(filter).some(([, values]) => values.length === 0)

/** The parts, those that tell executions apart best first. */
function partsOf(tenant: string, filter: ExecutionFilter): readonly Part[] {
  const refs = refsOfFilter(filter)
  const coarse = (ref: WantedRef): boolean => ref[0] === 'trigger' || ref[0] === 'face'
  const states = statesOf(filter)
  return [
    ...refs.filter((ref) => !coarse(ref)).map((ref) => refPart(tenant, ref)),
    ...(filter.node === undefined ? [] : [nodePart(tenant, valuesOf(filter.node))]),
    ...(states === undefined ? [] : [statePart(tenant, states)]),
    ...refs.filter(coarse).map((ref) => refPart(tenant, ref)),
  ]
}

function refPart(tenant: string, [name, values]: WantedRef): Part {
  const sql = `EXISTS (SELECT 1 FROM refs AS x
    WHERE x.tenant = ? AND x.name = ? AND ${isIn('x.value', values)} AND x.execution = {id})`
  const where = (value: string): Condition => ({
    sql: 'r.tenant = ? AND r.name = ? AND r.value = ?',
    values: [tenant, name, value],
  })
  return {
    test: { sql, values: [tenant, name, ...values] },
    walks: (rest) => values.map((value) => ({ index: 'refs', where: [where(value)], rest })),
  }
}

function nodePart(tenant: string, nodes: readonly string[]): Part {
  const where = (node: string): readonly Condition[] => [equals('e.tenant', tenant), equals('e.node', node)]
  return {
    test: { sql: isIn('e.node', nodes), values: nodes },
    walks: (rest) => nodes.map((node) => ({ index: 'executions_node', where: where(node), rest })),
  }
}

function statePart(tenant: string, states: readonly ExecutionState[]): Part {
  const active = states.filter((s) => !isFinalState(s))
  const final = states.filter(isFinalState)
  return {
    test: oneOf(states),
    walks: (rest) => [
      ...(active.length === 0 ? [] : [activeWalk(tenant, active, rest)]),
      ...final.map((state) => finalWalk(tenant, state, rest)),
    ],
  }
}

const activeWalk = (tenant: string, states: readonly ExecutionState[], rest: readonly Condition[]): Walk => ({
  index: 'executions_active',
  where: [equals('e.tenant', tenant), { sql: 'e.finished_at IS NULL', values: [] }],
  rest: states.length === ACTIVE_STATES.length ? rest : [oneOf(states), ...rest],
  states: ACTIVE_STATES,
})

const finalWalk = (tenant: string, state: ExecutionState, rest: readonly Condition[]): Walk => ({
  index: 'executions_final',
  where: [equals('e.tenant', tenant), equals('e.state', state), { sql: 'e.finished_at IS NOT NULL', values: [] }],
  rest,
  states: [state],
})

const ACTIVE_STATES = EXECUTION_STATES.filter((s) => !isFinalState(s))

/** `states` and `active` as one set, undefined when neither is asked for. */
function statesOf(filter: ExecutionFilter): readonly ExecutionState[] | undefined {
  if (filter.states === undefined && filter.active === undefined) return undefined
  return EXECUTION_STATES.filter(
    (s) =>
      (filter.states === undefined || filter.states.includes(s)) &&
      (filter.active === undefined || filter.active !== isFinalState(s)),
  )
}

/** Ids that may have been accepted in the range: surely all, perhaps some more. */
function idRange({ acceptedFrom, acceptedUntil }: ExecutionFilter, drift: Drift | undefined): readonly Condition[] {
  if (drift === undefined) return []
  return [
    ...(acceptedFrom === undefined ? [] : [{ sql: '{id} >= ?', values: [prefixOfTime(acceptedFrom + drift.lag)] }]),
    ...(acceptedUntil === undefined ? [] : [{ sql: '{id} < ?', values: [prefixOfTime(acceptedUntil + drift.lead)] }]),
  ]
}

const acceptedIn = ({ acceptedFrom, acceptedUntil }: ExecutionFilter): readonly Condition[] => [
  ...(acceptedFrom === undefined ? [] : [{ sql: 'e.accepted_at >= ?', values: [acceptedFrom] }]),
  ...(acceptedUntil === undefined ? [] : [{ sql: 'e.accepted_at < ?', values: [acceptedUntil] }]),
]

const equals = (column: string, value: string): Condition => ({ sql: `${column} = ?`, values: [value] })

const oneOf = (states: readonly ExecutionState[]): Condition => ({ sql: isIn('e.state', states), values: states })

const isIn = (column: string, values: readonly string[]): string =>
  values.length === 1 ? `${column} = ?` : `${column} IN (${values.map(() => '?').join(', ')})`
