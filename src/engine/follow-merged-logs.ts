/**
 * Follows the log of a whole execution: first everything there is, in pages (merge-logs.ts), then what is written, by
 * all attempts at once, also by those that begin later, until the execution is final and every log has ended.
 *
 * F1. Every line once, those of an attempt in order; after the pages in order of arrival.
 * F2. Each attempt hands over one batch at a time and waits until it was taken: a slow reader holds the logs back, and
 *     nothing piles up here.
 */
import type { Execution } from '../core/execution.ts'
import { isFinal } from '../core/execution.ts'
import type { ExecutionId, Tenant } from '../core/identity.ts'
import type { Context } from './context.ts'
import type { ExecutionLine, ExecutionLogQuery } from './engine.ts'
import { inspect } from './inspect.ts'
import { attemptsOf, LogSource, mergeByTime } from './log-source.ts'
import { decodeVector, encodeVector, type LogVector } from './log-vector.ts'
import { executionLog } from './merge-logs.ts'

export interface FollowedLines {
  readonly lines: readonly ExecutionLine[]
  /** Pass as `after` to go on from here. */
  readonly after: string
}

const PAGE = 1_000
/** Lines written shortly before `until` may arrive shortly after it, ms. */
const LATE_MS = 1_000

export async function* followExecutionLog(
  context: Context,
  tenant: Tenant,
  id: ExecutionId,
  query: Pick<ExecutionLogQuery, 'after' | 'since' | 'until' | 'steps'>,
  signal: AbortSignal,
): AsyncIterable<FollowedLines> {
  let { after } = query
  for (let caughtUp = false; !caughtUp; ) {
    const page = await executionLog(context, tenant, id, {
      ...query,
      limit: PAGE,
      ...(after !== undefined && { after }),
    })
    if (signal.aborted) return
    if (page.lines.length > 0) yield { lines: page.lines, after: page.after }
    if (page.end) return
    after = page.after
    caughtUp = page.lines.length < PAGE
  }
  const execution = (await inspect(context, tenant, id))!
  const live = new LiveLogs(context, execution, decodeVector(id, after!, 'after'), query, signal)
  yield* live.batches()
}

interface Batch {
  readonly lines: readonly ExecutionLine[]
  readonly taken: () => void
}

class LiveLogs {
  readonly #context: Context
  readonly #query: Pick<ExecutionLogQuery, 'until' | 'steps'>
  readonly #ending = new AbortController()
  readonly #signal: AbortSignal
  readonly #since: LogVector['since']
  readonly #next: Map<string, number>
  readonly #followed = new Set<string>()
  readonly #pending: Batch[] = []
  #execution: Execution
  #following = 0
  #failure: { readonly error: unknown } | undefined
  #ring: () => void = () => undefined

  constructor(
    context: Context,
    execution: Execution,
    from: LogVector,
    query: Pick<ExecutionLogQuery, 'until' | 'steps'>,
    signal: AbortSignal,
  ) {
    this.#context = context
    this.#execution = execution
    this.#since = from.since
    this.#next = new Map(from.next)
    this.#query = query
    this.#signal = AbortSignal.any([signal, this.#ending.signal])
  }

  async *batches(): AsyncIterable<FollowedLines> {
    const { id, tenant } = this.#execution
    const unwatch = this.#context.roster.watch(id, (now) => this.#see(now))
    const { until } = this.#query
    const end = (): void => this.#ending.abort()
    const alarm = until === undefined ? undefined : this.#context.alarms.at(Math.ceil(until / 1_000) + LATE_MS, end)
    const wake = (): void => this.#ring()
    this.#signal.addEventListener('abort', wake)
    try {
      // Watched first and looked at then, so that no end falls in between.
      this.#see((await inspect(this.#context, tenant, id)) ?? this.#execution)
      while (await this.#more()) yield this.#taken()
      if (this.#failure) throw this.#failure.error
    } finally {
      end()
      alarm?.cancel()
      unwatch()
      this.#signal.removeEventListener('abort', wake)
      for (const { taken } of this.#pending.splice(0)) taken()
    }
  }

  #see(now: Execution): void {
    this.#execution = now
    for (const attempt of attemptsOf(now, this.#query.steps)) {
      if (this.#followed.has(attempt.place)) continue
      this.#followed.add(attempt.place)
      this.#following++
      void this.#follow(new LogSource(this.#context, now.tenant, attempt))
    }
    this.#ring()
  }

  async #follow(source: LogSource): Promise<void> {
    const { until = Number.POSITIVE_INFINITY } = this.#query
    try {
      const from = source.fromOf({ since: this.#since, next: this.#next })
      for await (const lines of source.follow(from, this.#signal)) {
        const { id: attempt, step } = source.attempt
        const wanted = lines.filter((line) => line.at < until).map((line) => ({ attempt, step, line }))
        if (wanted.length > 0) await this.#hand(wanted)
        if (wanted.length < lines.length || this.#signal.aborted) break
      }
    } catch (error) {
      if (!this.#signal.aborted) this.#failure ??= { error }
    } finally {
      this.#following--
      this.#ring()
    }
  }

  #hand(lines: readonly ExecutionLine[]): Promise<void> {
    return new Promise((taken) => {
      this.#pending.push({ lines, taken })
      this.#ring()
    })
  }

  /** Waits until there are lines; false when there will be none. */
  async #more(): Promise<boolean> {
    for (;;) {
      if (this.#signal.aborted || this.#failure) return false
      if (this.#pending.length > 0) return true
      if (this.#following === 0 && isFinal(this.#execution)) return false
      await new Promise<void>((resolve) => {
        this.#ring = resolve
      })
    }
  }

  #taken(): FollowedLines {
    const batches = this.#pending.splice(0)
    const lines = mergeByTime(batches.map((batch) => batch.lines))
    for (const { attempt, line } of lines) this.#next.set(placeOf(attempt), line.seq + 1)
    for (const { taken } of batches) taken()
    return { lines, after: encodeVector(this.#execution.id, { since: this.#since, next: this.#next }) }
  }
}

/** As vectors name it: an attempt's id without its execution's. */
const placeOf = (attempt: string): string => attempt.slice(attempt.indexOf(':') + 1)
