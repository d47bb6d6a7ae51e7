import type { AttemptId } from '../../core/identity.ts'
import type { Instant } from '../../core/instant.ts'
import type { Observation, Seen } from '../../core/ports/executor.ts'
import { RecentIds } from './cell/recent-ids.ts'

interface Entry {
  cell: string
  state: 'taking' | 'running' | 'tombstone' | Extract<Seen, { as: 'exited' }>
  startedAt?: Instant
}

interface Waiting {
  readonly promise: Promise<void>
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** Which cell has which attempt, and what it was last seen doing: a mirror, made again after a crash. */
export class AttemptTable {
  readonly #entries = new Map<AttemptId, Entry>()
  readonly #waiting = new Map<AttemptId, Waiting>()
  /** Their exits are committed; whoever starts one again is late. */
  readonly #forgotten = new RecentIds(10_000)

  cellOf(attempt: AttemptId): string | undefined {
    return this.#entries.get(attempt)?.cell
  }

  isTombstone(attempt: AttemptId): boolean {
    return this.#entries.get(attempt)?.state === 'tombstone'
  }

  isTaken(attempt: AttemptId): boolean {
    const state = this.#entries.get(attempt)?.state
    return state !== undefined && state !== 'tombstone'
  }

  wasForgotten(attempt: AttemptId): boolean {
    return this.#forgotten.has(attempt)
  }

  /** Sent to a cell; resolves when the cell has it, rejects when that cell is gone and never had it. */
  take(attempt: AttemptId, cell: string): Promise<void> {
    this.#entries.set(attempt, { cell, state: 'taking' })
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiting.set(attempt, { promise, resolve, reject })
    return promise
  }

  taken(attempt: AttemptId): Promise<void> {
    return this.#waiting.get(attempt)?.promise ?? Promise.resolve()
  }

  confirm(attempt: AttemptId): void {
    this.#waiting.get(attempt)?.resolve()
    this.#waiting.delete(attempt)
  }

  /** After a connection was lost: whoever waits for that cell and is not in it was never taken. */
  settleTaking(cell: string, running: ReadonlySet<string>): void {
    for (const [attempt, waiting] of [...this.#waiting]) {
      const entry = this.#entries.get(attempt)
      if (entry === undefined || entry.cell !== cell) continue
      if (entry.state !== 'taking' || running.has(attempt)) waiting.resolve()
      else {
        this.#entries.delete(attempt)
        waiting.reject(new Error(`the cell went away before it took attempt ${attempt}: try again`))
      }
      this.#waiting.delete(attempt)
    }
  }

  run(attempt: AttemptId, cell: string, startedAt: Instant): void {
    const entry = this.#entries.get(attempt)
    if (typeof entry?.state === 'object') return
    this.#entries.set(attempt, { cell, state: 'running', startedAt })
  }

  end(attempt: AttemptId, cell: string, seen: Extract<Observation, { kind: 'exited' }>): void {
    const { exit, startedAt, at } = seen
    const state = { as: 'exited', exit, exitedAt: at, ...(startedAt === undefined ? {} : { startedAt }) } as const
    this.#entries.set(attempt, { cell, state })
  }

  bury(attempt: AttemptId, cell: string): void {
    if (!this.#entries.has(attempt)) this.#entries.set(attempt, { cell, state: 'tombstone' })
  }

  forgetCell(attempt: AttemptId): void {
    this.#entries.delete(attempt)
  }

  /** Its exit is committed. */
  forget(attempt: AttemptId): void {
    this.#entries.delete(attempt)
    this.#forgotten.add(attempt)
  }

  see(attempt: AttemptId): Seen | undefined {
    const entry = this.#entries.get(attempt)
    if (entry === undefined) return undefined
    if (typeof entry.state === 'object') return entry.state
    if (entry.state === 'running') return { as: 'running', startedAt: entry.startedAt ?? 0 }
    return { as: entry.state === 'tombstone' ? 'never' : 'unknown' }
  }
}
