import { EXECUTION_STATES } from '../../core/execution-state.ts'
import type { Condition, Walk } from './execution-query.ts'

/** A stretch of a walk: ids beyond `after`, up to and including `until`. */
export interface Stretch {
  readonly after?: string | undefined
  readonly until?: string | undefined
  readonly ascending: boolean
}

const SUMS = EXECUTION_STATES.map((state) => `sum(e.state = '${state}')`).join(', ')

export const EXECUTION_COLUMNS = 'e.id, e.tenant, e.version, e.status, s.body'

/** The executions of a stretch, at most `limit`. */
export function rowsOf(walk: Walk, stretch: Stretch, limit: number): Condition {
  const source = `${sourceOf(walk)} CROSS JOIN submissions AS s ON s.seq = e.seq`
  return statement(
    EXECUTION_COLUMNS,
    source,
    walk,
    [...walk.where, ...bounds(stretch), ...walk.rest],
    stretch,
    limit,
    0,
  )
}

/** The id at which the `length`-th entry of the index lies, whether it passes the tests or not. */
export const endOf = (walk: Walk, stretch: Stretch, length: number): Condition =>
  statement(idOf(walk), entriesOf(walk), walk, [...walk.where, ...bounds(stretch)], stretch, 1, length - 1)

/** How many executions of a stretch are in each state, in the order of `EXECUTION_STATES`. */
export function countsOf(walk: Walk, stretch: Stretch): Condition {
  const { sql, values } = conditions(walk, [...walk.where, ...bounds(stretch), ...walk.rest])
  return { sql: `SELECT ${SUMS} FROM ${sourceOf(walk)} WHERE ${sql}`, values }
}

/** How many entries of the index it would follow, counted up to `most`. */
export function lengthOf(walk: Walk, most: number): Condition {
  const { sql, values } = conditions(walk, walk.where)
  return {
    sql: `SELECT count(*) FROM (SELECT 1 FROM ${entriesOf(walk)} WHERE ${sql} LIMIT ?)`,
    values: [...values, most],
  }
}

function statement(
  columns: string,
  source: string,
  walk: Walk,
  where: readonly Condition[],
  { ascending }: Stretch,
  limit: number,
  offset: number,
): Condition {
  const { sql, values } = conditions(walk, where)
  const order = `ORDER BY ${idOf(walk)} ${ascending ? 'ASC' : 'DESC'}`
  return {
    sql: `SELECT ${columns} FROM ${source} WHERE ${sql} ${order} LIMIT ? OFFSET ?`,
    values: [...values, limit, offset],
  }
}

const idOf = (walk: Walk): string => (walk.index === 'refs' ? 'r.execution' : 'e.id')

const entriesOf = (walk: Walk): string =>
  walk.index === 'refs' ? 'refs AS r' : `executions AS e INDEXED BY ${walk.index}`

const sourceOf = (walk: Walk): string =>
  walk.index === 'refs' ? 'refs AS r CROSS JOIN executions AS e ON e.id = r.execution' : entriesOf(walk)

function conditions(walk: Walk, all: readonly Condition[]): Condition {
  return {
    sql: all.map((c) => c.sql.replaceAll('{id}', idOf(walk))).join(' AND '),
    values: all.flatMap((c) => c.values),
  }
}

function bounds({ after, until, ascending }: Stretch): readonly Condition[] {
  const [beyond, upTo] = ascending ? ['>', '<='] : ['<', '>=']
  return [
    ...(after === undefined ? [] : [{ sql: `{id} ${beyond} ?`, values: [after] }]),
    ...(until === undefined ? [] : [{ sql: `{id} ${upTo} ?`, values: [until] }]),
  ]
}
