import type { AttemptId } from '../../../core/identity.ts'
import type { Sight } from '../../../core/ports/executor.ts'
import type { CellObservation } from '../protocol.ts'

/**
 * What the cell saw and no server has committed yet, in order. Exits stand in the journal as well; the rest is
 * repeated from here to every server that connects.
 */
export class Sightings {
  readonly #kept = new Map<number, CellObservation>()
  /** Attempts whose exit is kept. */
  readonly #ended = new Map<AttemptId, number>()
  /** Of each attempt's progress only the newest matters. */
  readonly #progress = new Map<AttemptId, number>()
  #fresh: CellObservation[] = []
  #last = 0

  /** Kept until acknowledged. `at` is wall time, ms. */
  add(attempt: AttemptId, sight: Sight): CellObservation {
    const observation = { attempt, receipt: ++this.#last, at: Date.now(), ...sight } as CellObservation
    this.#kept.set(observation.receipt, observation)
    this.#fresh.push(observation)
    if (sight.kind === 'progress') this.#replace(attempt, observation.receipt)
    if (sight.kind === 'exited') this.#ended.set(attempt, observation.receipt)
    return observation
  }

  #replace(attempt: AttemptId, receipt: number): void {
    const older = this.#progress.get(attempt)
    if (older !== undefined) this.#kept.delete(older)
    this.#progress.set(attempt, receipt)
  }

  /** Added since the last call. */
  takeFresh(): readonly CellObservation[] {
    const fresh = this.#fresh
    this.#fresh = []
    return fresh
  }

  all(): readonly CellObservation[] {
    return [...this.#kept.values()]
  }

  exits(): readonly CellObservation[] {
    return [...this.#ended.values()].map((receipt) => this.#kept.get(receipt)!)
  }

  hasEnded(attempt: AttemptId): boolean {
    return this.#ended.has(attempt)
  }

  get size(): number {
    return this.#kept.size
  }

  /** Forgets; answers the attempts whose exit is thereby committed. */
  ack(receipts: readonly number[]): readonly AttemptId[] {
    const done: AttemptId[] = []
    for (const receipt of receipts) {
      const observation = this.#kept.get(receipt)
      if (observation === undefined) continue
      this.#kept.delete(receipt)
      if (observation.kind !== 'exited') continue
      this.#ended.delete(observation.attempt)
      this.#progress.delete(observation.attempt)
      done.push(observation.attempt)
    }
    return done
  }
}
