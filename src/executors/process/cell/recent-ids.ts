/** Remembers the last `size` ids it was given. */
export class RecentIds {
  readonly #ids = new Set<string>()
  readonly #size: number

  constructor(size: number) {
    this.#size = size
  }

  add(id: string): void {
    this.#ids.add(id)
    if (this.#ids.size <= this.#size) return
    for (const oldest of this.#ids) {
      this.#ids.delete(oldest)
      return
    }
  }

  has(id: string): boolean {
    return this.#ids.has(id)
  }

  delete(id: string): boolean {
    return this.#ids.delete(id)
  }

  *[Symbol.iterator](): IterableIterator<string> {
    yield* this.#ids
  }
}
