/**
 * The queue, kept so that a round need not sort it: candidates that only their order tells apart stand in one line.
 * Owned by the engine, which adds what becomes pending and removes what was placed or ended; the scheduler only reads
 * it (but see W3).
 *
 * W1. Every candidate is either in exactly one line or among those that wait for a time.
 * W2. A line is by order, and never empty.
 * W3. `ripen` moves what has become due into its line; nothing else about a candidate changes by it. After the clock
 *     was set back a line may hold what is not due yet: whoever walks a line checks `notBefore`.
 */
import type { ExecutionId } from '../core/identity.ts'
import type { Instant } from '../core/instant.ts'
import { Heap } from './heap.ts'
import { Line, lineKeyOf } from './line.ts'
import type { Candidate } from './snapshot.ts'

export class WaitingLines implements Iterable<Candidate> {
  readonly #all = new Map<ExecutionId, Candidate>()
  readonly #lines = new Map<string, Line>()
  #timed = sleepers()

  /** The same object when it is kept in lines already. */
  static of(queue: Iterable<Candidate>): WaitingLines {
    if (queue instanceof WaitingLines) return queue
    const lines = new WaitingLines()
    for (const candidate of queue) lines.add(candidate)
    return lines
  }

  get size(): number {
    return this.#all.size
  }

  get(execution: ExecutionId): Candidate | undefined {
    return this.#all.get(execution)
  }

  [Symbol.iterator](): Iterator<Candidate> {
    return this.#all.values()
  }

  /** Adds it, in place of an earlier candidate of the same execution. */
  add(candidate: Candidate): void {
    this.remove(candidate.execution)
    this.#all.set(candidate.execution, candidate)
    if (candidate.notBefore === undefined) this.#join(candidate)
    else this.#timed.push(candidate)
  }

  remove(execution: ExecutionId): boolean {
    const candidate = this.#all.get(execution)
    if (candidate === undefined) return false
    this.#all.delete(execution)
    this.#leave(candidate)
    if (this.#timed.size > 64 && this.#timed.size > 2 * this.#all.size) this.#forgetGoneSleepers()
    return true
  }

  lines(): Iterable<Line> {
    return this.#lines.values()
  }

  ripen(now: Instant): void {
    for (let top = this.#timed.top; top !== undefined; top = this.#timed.top) {
      const gone = this.#isGone(top)
      if (!gone && top.notBefore! > now) return
      this.#timed.pop()
      if (!gone) this.#join(top)
    }
  }

  /** The `count` that become due first, soonest first. */
  sleeping(count: number): readonly Candidate[] {
    return this.#timed.least(count).filter((candidate) => !this.#isGone(candidate))
  }

  /** When `ripen` next has something to do. */
  nextDueAt(): Instant | undefined {
    return this.sleeping(1)[0]?.notBefore ?? this.#timed.top?.notBefore
  }

  #join(candidate: Candidate): void {
    const key = lineKeyOf(candidate)
    let line = this.#lines.get(key)
    if (line === undefined) {
      line = new Line(key)
      this.#lines.set(key, line)
    }
    line.join(candidate)
  }

  #leave(candidate: Candidate): void {
    const line = this.#lines.get(lineKeyOf(candidate))
    if (line?.leave(candidate) && line.length === 0) this.#lines.delete(line.key)
  }

  #isGone(candidate: Candidate): boolean {
    return this.#all.get(candidate.execution) !== candidate
  }

  #forgetGoneSleepers(): void {
    const living = [...this.#timed].filter((candidate) => !this.#isGone(candidate))
    this.#timed = sleepers()
    for (const candidate of living) this.#timed.push(candidate)
  }
}

const sleepers = (): Heap<Candidate> =>
  new Heap<Candidate>((a, b) => a.notBefore! < b.notBefore! || (a.notBefore === b.notBefore && a.order < b.order))
