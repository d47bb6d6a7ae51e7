import type { AttemptId } from '../core/identity.ts'
import type { Executor, Observation } from '../core/ports/executor.ts'

type Exited = Extract<Observation, { kind: 'exited' }>

/** Watches an executor in tests: keeps what it says, acknowledges it when told to, and waits for things to be said. */
export class Observer {
  readonly seen: Observation[] = []
  readonly #executor: Executor
  readonly #abort = new AbortController()
  readonly #done: Promise<void>
  readonly #acks: boolean
  #wake: (() => void)[] = []

  constructor(executor: Executor, acks = true) {
    this.#executor = executor
    this.#acks = acks
    this.#done = this.#watch()
  }

  /** The first observation that fits, past or to come. Rejects after `withinMs`. */
  async until<O extends Observation>(fits: (o: Observation) => o is O, withinMs?: number): Promise<O>
  async until(fits: (o: Observation) => boolean, withinMs?: number): Promise<Observation>
  async until(fits: (o: Observation) => boolean, withinMs = 20_000): Promise<Observation> {
    const deadline = performance.now() + withinMs
    for (;;) {
      const found = this.seen.find(fits)
      if (found !== undefined) return found
      const left = deadline - performance.now()
      if (left <= 0)
        throw new Error(`not observed within ${withinMs} ms; seen: ${JSON.stringify(this.seen.slice(-20))}`)
      await this.#next(left)
    }
  }

  exit(attempt: AttemptId, withinMs?: number): Promise<Exited> {
    return this.until((o): o is Exited => o.attempt === attempt && o.kind === 'exited', withinMs)
  }

  started(attempt: AttemptId): Promise<Observation> {
    return this.until((o) => o.attempt === attempt && o.kind === 'started')
  }

  async end(): Promise<void> {
    this.#abort.abort()
    await this.#done
  }

  async #watch(): Promise<void> {
    for await (const batch of this.#executor.observations(this.#abort.signal)) {
      this.seen.push(...batch)
      for (const wake of this.#wake.splice(0)) wake()
      if (this.#acks) await this.#executor.ack(batch)
    }
  }

  #next(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, withinMs)
      this.#wake.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }
}
