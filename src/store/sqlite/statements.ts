import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'

/** Filters come in few shapes, but refs may be many: the oldest statements give way. */
const KEPT = 200

export type Row = readonly (string | number | null)[]

/** Prepared statements of one connection by their text; rows come as arrays. */
export class Statements {
  readonly #database: DatabaseSync
  readonly #prepared = new Map<string, StatementSync>()

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  all(sql: string, values: readonly SQLInputValue[]): readonly Row[] {
    return this.#prepare(sql).all(...values) as unknown as readonly Row[]
  }

  get(sql: string, values: readonly SQLInputValue[]): Row | undefined {
    return this.#prepare(sql).get(...values) as unknown as Row | undefined
  }

  #prepare(sql: string): StatementSync {
    const known = this.#prepared.get(sql)
    if (known) return known
    if (this.#prepared.size >= KEPT) this.#prepared.delete(this.#prepared.keys().next().value as string)
    const statement = this.#database.prepare(sql)
    statement.setReturnArrays(true)
    this.#prepared.set(sql, statement)
    return statement
  }
}
