/** One alarm. `cancel` is setting `dead`: a cancelled alarm leaves the heap when its time comes. */
export interface Timer {
  readonly at: number
  readonly ring: () => void
  dead: boolean
}

/** Alarms in order of time, on whatever clock the caller uses, ms. */
export class TimerHeap {
  readonly #heap: Timer[] = []
  #dead = 0

  at(at: number, ring: () => void): Timer {
    const timer: Timer = { at, ring, dead: false }
    this.#heap.push(timer)
    this.#rise(this.#heap.length - 1)
    return timer
  }

  cancel(timer: Timer | undefined): void {
    if (timer === undefined || timer.dead) return
    timer.dead = true
    if (++this.#dead > 64 && this.#dead > this.#heap.length / 2) this.#sweep()
  }

  nextAt(): number {
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY
  }

  /** Rings all that is due. A ring may set further alarms; those due at once wait for the next call.
   *  One that throws does not keep the others from ringing; the first such error is thrown at the end. */
  ring(now: number): void {
    const due: Timer[] = []
    let failed: unknown
    while (this.nextAt() <= now) due.push(this.#take())
    for (const timer of due) {
      if (timer.dead) continue
      timer.dead = true
      try {
        timer.ring()
      } catch (error) {
        failed ??= error
      }
    }
    if (failed !== undefined) throw failed
  }

  #take(): Timer {
    const heap = this.#heap
    const first = heap[0]!
    const last = heap.pop()!
    if (heap.length > 0) {
      heap[0] = last
      this.#sink(0)
    }
    if (first.dead) this.#dead = Math.max(0, this.#dead - 1)
    return first
  }

  #sweep(): void {
    const live = this.#heap.filter((timer) => !timer.dead).sort((a, b) => a.at - b.at)
    this.#heap.length = 0
    for (const timer of live) this.#heap.push(timer)
    this.#dead = 0
  }

  #rise(from: number): void {
    const heap = this.#heap
    let i = from
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (heap[parent]!.at <= heap[i]!.at) return
      ;[heap[parent], heap[i]] = [heap[i]!, heap[parent]!]
      i = parent
    }
  }

  #sink(from: number): void {
    const heap = this.#heap
    let i = from
    for (;;) {
      const left = 2 * i + 1
      const right = left + 1
      let least = i
      if (left < heap.length && heap[left]!.at < heap[least]!.at) least = left
      if (right < heap.length && heap[right]!.at < heap[least]!.at) least = right
      if (least === i) return
      ;[heap[least], heap[i]] = [heap[i]!, heap[least]!]
      i = least
    }
  }
}
