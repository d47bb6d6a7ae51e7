/**
 * Remembers the last `size` ids it was given. A ring says which is the oldest: a Set's own order would have to be
 * searched past everything that was deleted from its beginning.
 */
export class RecentIds {
  readonly #placeOf = new Map<string, number>()
  readonly #ring: string[] = []
  readonly #size: number
  #next = 0

  constructor(size: number) {
    this.#size = size
  }

  add(id: string): void {
    if (this.#placeOf.has(id)) return
    const oldest = this.#ring[this.#next]
    // It may have been deleted, or added again elsewhere, since it stood here.
    if (oldest !== undefined && this.#placeOf.get(oldest) === this.#next) this.#placeOf.delete(oldest)
    this.#ring[this.#next] = id
    this.#placeOf.set(id, this.#next)
    this.#next = (this.#next + 1) % this.#size
  }

  has(id: string): boolean {
    return this.#placeOf.has(id)
  }

  delete(id: string): boolean {
    return this.#placeOf.delete(id)
  }

  [Symbol.iterator](): IterableIterator<string> {
    return this.#placeOf.keys()
  }
}
