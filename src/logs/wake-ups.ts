/** A latch many may wait on; each `ring` wakes those who wait now. Whoever waits checks its condition in the same turn. */
export class WakeUps {
  #waiting = new Set<() => void>()

  get count(): number {
    return this.#waiting.size
  }

  ring(): void {
    const waiting = this.#waiting
    this.#waiting = new Set()
    for (const wake of waiting) wake()
  }

  /** Resolves at the next `ring` or when `signal` aborts. */
  wait(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake)
        this.#waiting.delete(wake)
        resolve()
      }
      signal.addEventListener('abort', wake)
      this.#waiting.add(wake)
    })
  }
}
