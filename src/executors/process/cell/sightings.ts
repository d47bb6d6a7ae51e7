import type { AttemptId } from '../../../core/identity.ts'
import type { Sight } from '../../../core/ports/executor.ts'
import type { CellObservation } from '../protocol.ts'
import { monotonicMs } from './reactor.ts'

/** How long news of a start waits for the program's end, ms: about a round under load. */
const START_NEWS_MS = 8

/**
 * What the cell saw and no server has committed yet, in order. Exits stand in the journal as well; the rest is
 * repeated from here to every server that connects.
 *
 * News of a start waits a moment: what ends at once is told of, and committed, as one.
 */
export class Sightings {
  readonly #kept = new Map<number, CellObservation>()
  /** Attempts whose exit is kept. */
  readonly #ended = new Map<AttemptId, number>()
  /** Of each attempt's progress only the newest matters. */
  readonly #progress = new Map<AttemptId, number>()
  #fresh: CellObservation[] = []
  /** Starts not told yet, and since when, on the monotonic clock. */
  #starts: { readonly observation: CellObservation; readonly since: number }[] = []
  #last = 0

  /** Kept until acknowledged. `at` is wall time, ms. */
  add(attempt: AttemptId, sight: Sight): CellObservation {
    const observation = { attempt, receipt: ++this.#last, at: Date.now(), ...sight } as CellObservation
    this.#kept.set(observation.receipt, observation)
    if (sight.kind === 'started') this.#starts.push({ observation, since: monotonicMs() })
    else this.#fresh.push(observation)
    if (sight.kind === 'progress') this.#replace(attempt, observation.receipt)
    if (sight.kind === 'exited') this.#ended.set(attempt, observation.receipt)
    return observation
  }

  #replace(attempt: AttemptId, receipt: number): void {
    const older = this.#progress.get(attempt)
    if (older !== undefined) this.#kept.delete(older)
    this.#progress.set(attempt, receipt)
  }

  /** Added since the last call, less the starts that still wait: each comes before anything else of its attempt. */
  takeFresh(): readonly CellObservation[] {
    const fresh = this.#fresh
    this.#fresh = []
    if (this.#starts.length === 0) return fresh
    const due = monotonicMs() - START_NEWS_MS
    const heard = new Set(fresh.map(({ attempt }) => attempt))
    const waits = ({
      observation,
      since,
    }: {
      readonly observation: CellObservation
      readonly since: number
    }): boolean => since > due && !heard.has(observation.attempt)
    const told = this.#starts.filter((start) => !waits(start)).map(({ observation }) => observation)
    this.#starts = this.#starts.filter(waits)
    return [...told, ...fresh]
  }

  /** When the oldest start that waits is to be told, on the monotonic clock; undefined when none waits. */
  get nextStartAt(): number | undefined {
    const [oldest] = this.#starts
    return oldest && oldest.since + START_NEWS_MS
  }

  /** For a server that begins anew: nothing of it is fresh any more. */
  takeAll(): readonly CellObservation[] {
    this.#fresh = []
    this.#starts = []
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
