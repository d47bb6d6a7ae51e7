/** A binary heap: the least element, by `before`, is on top. */
export class Heap<Item> {
  readonly #items: Item[] = []
  readonly #before: (a: Item, b: Item) => boolean

  constructor(before: (a: Item, b: Item) => boolean) {
    this.#before = before
  }

  get size(): number {
    return this.#items.length
  }

  get top(): Item | undefined {
    return this.#items[0]
  }

  push(item: Item): void {
    this.#items.push(item)
    this.#rise(this.#items.length - 1)
  }

  pop(): Item | undefined {
    const top = this.#items[0]
    const last = this.#items.pop()
    if (this.#items.length > 0) {
      this.#items[0] = last!
      this.topChanged()
    }
    return top
  }

  /** Puts the top where it belongs, after it was changed in place. */
  topChanged(): void {
    let at = 0
    for (;;) {
      const least = this.#lesserChild(at)
      if (least === at) return
      this.#swap(at, least)
      at = least
    }
  }

  /** The `count` least, in order, leaving the heap as it is: O(count · log count). */
  least(count: number): readonly Item[] {
    const found: Item[] = []
    const edge = new Heap<number>((a, b) => this.#before(this.#items[a]!, this.#items[b]!))
    if (this.#items.length > 0) edge.push(0)
    while (found.length < count && edge.size > 0) {
      const at = edge.pop()!
      found.push(this.#items[at]!)
      for (const child of [2 * at + 1, 2 * at + 2]) if (child < this.#items.length) edge.push(child)
    }
    return found
  }

  [Symbol.iterator](): Iterator<Item> {
    return this.#items[Symbol.iterator]()
  }

  #rise(from: number): void {
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#before(this.#items[at]!, this.#items[parent]!)) return
      this.#swap(at, parent)
      at = parent
    }
  }

  #lesserChild(at: number): number {
    let least = at
    for (const child of [2 * at + 1, 2 * at + 2]) {
      if (child < this.#items.length && this.#before(this.#items[child]!, this.#items[least]!)) least = child
    }
    return least
  }

  #swap(a: number, b: number): void {
    const item = this.#items[a]!
    this.#items[a] = this.#items[b]!
    this.#items[b] = item
  }
}
