import type { Observation } from '../core/ports/executor.ts'

/** Observations on their way to the engine: each is given out once per reader and kept until acknowledged (P3). */
export class ObservationBox {
  readonly #kept = new Map<string, Observation>()
  #fresh: Observation[] = []
  #wake: (() => void) | undefined

  /** A repetition of what is kept already changes nothing. */
  put(observation: Observation): void {
    if (this.#kept.has(observation.receipt)) return
    this.#kept.set(observation.receipt, observation)
    this.#fresh.push(observation)
    this.#wake?.()
  }

  /** False when there is no such thing any more. */
  ack(receipt: string): boolean {
    return this.#kept.delete(receipt)
  }

  async *read(signal: AbortSignal): AsyncGenerator<readonly Observation[]> {
    this.#fresh = [...this.#kept.values()]
    const stop = (): void => this.#wake?.()
    signal.addEventListener('abort', stop)
    try {
      while (!signal.aborted) {
        if (this.#fresh.length === 0) await this.#something(signal)
        const batch = this.#fresh
        this.#fresh = []
        if (batch.length > 0 && !signal.aborted) yield batch
      }
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }

  #something(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve()
      this.#wake = () => {
        this.#wake = undefined
        resolve()
      }
    })
  }
}
