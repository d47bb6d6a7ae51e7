/**
 * How far the time inside an id (UUID of version 7) was ever from its execution's `acceptedAt`. It turns a range of
 * acceptance times into a range of ids, so that lists by time need no index of their own. Kept in `meta`, written only
 * when it grows: clocks that jump make the range wider, never wrong.
 */
import type { DatabaseSync } from 'node:sqlite'

export interface Drift {
  /** Most that an id was behind its acceptance, ms; negative or 0. */
  readonly lag: number
  /** Most that an id was ahead, ms. */
  readonly lead: number
}

/** Assumed from the start, so that a normal life hardly ever writes. */
const SLACK_MS = 50

/** Undefined when some id carried no time at all. */
export function readDrift(database: DatabaseSync): Drift | undefined {
  const text = database.prepare("SELECT value FROM meta WHERE name = 'drift'").get()?.value
  return text === undefined ? { lag: -SLACK_MS, lead: SLACK_MS } : (JSON.parse(String(text)) ?? undefined)
}

/** Milliseconds in a UUID of version 7; undefined for any other text. */
export function timeOfId(id: string): number | undefined {
  return id.length === 36 && id[14] === '7' && V7.test(id)
    ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
    : undefined
}

/** The text with which all ids of that millisecond begin; every earlier id sorts before it. */
export function prefixOfTime(instant: number): string {
  const hex = Math.min(Math.max(0, Math.ceil(instant)), 0xffff_ffff_ffff)
    .toString(16)
    .padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}`
}

const V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7/

export class IdDrift {
  readonly #database: DatabaseSync
  #known: Drift | undefined

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#known = readDrift(database)
  }

  reload(): void {
    this.#known = readDrift(this.#database)
  }

  note(id: string, acceptedAt: number): void {
    if (this.#known === undefined) return
    const time = timeOfId(id)
    const { lag, lead } = this.#known
    const by = (time ?? Number.NaN) - acceptedAt
    if (time === undefined) this.#write(undefined)
    else if (by < lag || by > lead) this.#write({ lag: Math.min(lag, by), lead: Math.max(lead, by) })
  }

  #write(drift: Drift | undefined): void {
    this.#known = drift
    this.#database
      .prepare("INSERT OR REPLACE INTO meta (name, value) VALUES ('drift', ?)")
      .run(JSON.stringify(drift ?? null))
  }
}
