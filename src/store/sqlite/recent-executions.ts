import type { Execution } from '../../core/execution.ts'
import type { ExecutionId } from '../../core/identity.ts'
import type { Change } from '../../core/ports/store.ts'

/** Executions kept: what clients that poll ask for again. */
const MOST_KEPT = 512
/** Longer ones are read anew each time: all that is kept stays below 16 MB of text, and is a tenth of that in practice. */
const LONGEST_KEPT = 32_768

/** An execution as decoded from `length` characters. */
export interface StoredExecution {
  readonly execution: Execution
  readonly length: number
}

/**
 * Executions read lately, decoded: whoever waits for a task asks for the same one again and again.
 *
 * X1. Nothing older than what was acknowledged is given out: a commit's executions are forgotten before its promise
 *     settles (`forget`). What was read while it was under way is forgotten with it.
 */
export class RecentExecutions {
  readonly #kept = new Map<ExecutionId, Execution>()

  /** As kept, or else as `read`, which is then kept. */
  of(id: ExecutionId, read: () => StoredExecution | undefined): Execution | undefined {
    const known = this.#kept.get(id)
    if (known) return known
    const found = read()
    if (found && found.length <= LONGEST_KEPT) this.#keep(id, found.execution)
    return found?.execution
  }

  /** A commit has changed these. */
  forget(changes: readonly Change[]): void {
    if (this.#kept.size === 0) return
    for (const change of changes) {
      if (change.kind === 'execution.delete') this.#kept.delete(change.id)
      else if (change.kind === 'execution.update' || change.kind === 'execution.labels')
        this.#kept.delete(change.execution.id)
    }
  }

  clear(): void {
    this.#kept.clear()
  }

  #keep(id: ExecutionId, execution: Execution): void {
    if (this.#kept.size === MOST_KEPT) this.#kept.delete(this.#kept.keys().next().value!)
    this.#kept.set(id, execution)
  }
}
