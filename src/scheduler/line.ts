import type { Candidate } from './snapshot.ts'

const keys = new WeakMap<Candidate, string>()

/** Equal for candidates that the scheduler cannot tell apart but by their order: what blocks one of them blocks all. */
export function lineKeyOf(candidate: Candidate): string {
  let key = keys.get(candidate)
  if (key === undefined) {
    key = spell(candidate)
    keys.set(candidate, key)
  }
  return key
}

const spell = (c: Candidate): string =>
  JSON.stringify([
    c.tenant,
    c.priority,
    c.ifNoRoom,
    c.reservation.cpuUnits,
    c.reservation.memoryBytes,
    c.executors,
    c.ports.length === 0 ? 0 : c.ports,
    c.concurrency.length === 0 ? 0 : c.concurrency,
    c.placement ?? 0,
  ])

/** Candidates of one line key, by order. Joining at the end and leaving at the front cost O(1). */
export class Line {
  readonly key: string
  #items: Candidate[] = []
  #front = 0

  constructor(key: string) {
    this.key = key
  }

  get length(): number {
    return this.#items.length - this.#front
  }

  /** The `index`-th from the front. */
  at(index: number): Candidate | undefined {
    return this.#items[this.#front + index]
  }

  join(candidate: Candidate): void {
    const last = this.#items[this.#items.length - 1]
    if (last === undefined || last.order < candidate.order) this.#items.push(candidate)
    else this.#items.splice(this.#placeOf(candidate.order), 0, candidate)
  }

  leave(candidate: Candidate): boolean {
    const place = this.#placeOf(candidate.order)
    if (this.#items[place] !== candidate) return false
    if (place === this.#front) this.#leaveFront()
    else this.#items.splice(place, 1)
    return true
  }

  #leaveFront(): void {
    this.#front += 1
    if (this.#front < 64 || this.#front * 2 < this.#items.length) return
    this.#items = this.#items.slice(this.#front)
    this.#front = 0
  }

  /** Index of the first with this order or a higher one. */
  #placeOf(order: number): number {
    let low = this.#front
    let high = this.#items.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#items[middle]!.order < order) low = middle + 1
      else high = middle
    }
    return low
  }
}
