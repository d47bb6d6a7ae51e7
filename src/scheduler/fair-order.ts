import type { Tenant } from '../core/identity.ts'
import { Heap } from './heap.ts'
import type { Line } from './line.ts'
import type { Candidate } from './snapshot.ts'

/** How far a line has been walked. */
export interface Cursor {
  readonly line: Line
  index: number
}

interface Turn {
  readonly tenant: Tenant
  use: number
  readonly cursors: Heap<Cursor>
}

/**
 * Walks lines in the order in which candidates deserve a place: higher priority first; among equals the tenant with the
 * fewest open allocations, counting those given out on this walk; then by order. The caller says after each candidate
 * what became of it, which decides who is next.
 */
export class FairOrder {
  readonly #levels: (readonly Cursor[])[]
  readonly #use: Map<Tenant, number> = new Map()
  readonly #tenantUse: (tenant: Tenant) => number
  #turns = new Heap<Turn>(goesFirst)

  constructor(cursors: Iterable<Cursor>, tenantUse: (tenant: Tenant) => number) {
    this.#levels = byPriority(cursors)
    this.#tenantUse = tenantUse
  }

  /** The line whose front (at the cursor's index) is next; undefined when all have been walked. */
  next(): Cursor | undefined {
    while (this.#turns.size === 0) {
      const level = this.#levels.pop()
      if (level === undefined) return undefined
      this.#open(level)
    }
    return this.#turns.top!.cursors.top
  }

  /** It got a place: its tenant has one more. */
  placed(): void {
    const turn = this.#turns.top!
    turn.use += 1
    this.#use.set(turn.tenant, turn.use)
    this.passed()
  }

  /** It got none, which says nothing about those behind it in its line. */
  passed(): void {
    const { cursors } = this.#turns.top!
    const cursor = cursors.top!
    cursor.index += 1
    if (cursor.line.at(cursor.index) === undefined) this.blocked()
    else {
      cursors.topChanged()
      this.#turns.topChanged()
    }
  }

  /** Nobody in its line can get a place. */
  blocked(): void {
    const turn = this.#turns.top!
    turn.cursors.pop()
    if (turn.cursors.size === 0) this.#turns.pop()
    else this.#turns.topChanged()
  }

  /** The tenant's open allocations and what it was given on this walk. */
  useOf(tenant: Tenant): number {
    return this.#use.get(tenant) ?? this.#tenantUse(tenant)
  }

  #open(level: readonly Cursor[]): void {
    const turns = new Map<Tenant, Turn>()
    for (const cursor of level) {
      const { tenant } = front(cursor)
      let turn = turns.get(tenant)
      if (turn === undefined) {
        turn = { tenant, use: this.useOf(tenant), cursors: new Heap(isOlder) }
        turns.set(tenant, turn)
      }
      turn.cursors.push(cursor)
    }
    for (const turn of turns.values()) this.#turns.push(turn)
  }
}

export const front = (cursor: Cursor): Candidate => cursor.line.at(cursor.index)!

const isOlder = (a: Cursor, b: Cursor): boolean => front(a).order < front(b).order

const goesFirst = (a: Turn, b: Turn): boolean =>
  a.use < b.use || (a.use === b.use && isOlder(a.cursors.top!, b.cursors.top!))

/** Lowest priority first, so that the highest is popped first. */
function byPriority(cursors: Iterable<Cursor>): (readonly Cursor[])[] {
  const levels = new Map<number, Cursor[]>()
  for (const cursor of cursors) {
    if (cursor.line.at(cursor.index) === undefined) continue
    const { priority } = front(cursor)
    const level = levels.get(priority)
    if (level === undefined) levels.set(priority, [cursor])
    else level.push(cursor)
  }
  return [...levels].sort(([a], [b]) => a - b).map(([, level]) => level)
}
