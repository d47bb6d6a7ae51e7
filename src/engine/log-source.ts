import type { Attempt, Execution } from '../core/execution.ts'
import { isFinal, stepsOf } from '../core/execution.ts'
import { type AttemptId, attemptIdOf, type Tenant } from '../core/identity.ts'
import type { Micros } from '../core/instant.ts'
import type { LogFrom, LogLine, LogPage } from '../core/ports/log-store.ts'
import type { Context } from './context.ts'
import type { LogVector } from './log-vector.ts'

/** One attempt whose log is part of its execution's. */
export interface AttemptOfLog {
  readonly id: AttemptId
  /** As a vector names it. */
  readonly place: string
  readonly step: string
  readonly ordinal: number
  readonly number: number
  /** No line of it is older, as far as clocks can be trusted. */
  readonly beginsAt: Micros
  readonly extent: string | undefined
}

/** The attempts of the steps asked for (all without `steps`), the oldest first. */
export function attemptsOf(execution: Execution, steps?: readonly string[]): readonly AttemptOfLog[] {
  const specs = stepsOf(execution)
  const attempts = execution.status.steps.flatMap(({ attempts: tries }, ordinal) => {
    const step = specs[ordinal]!.name
    return steps && !steps.includes(step) ? [] : tries.map((attempt) => attemptOf(execution, ordinal, step, attempt))
  })
  return attempts.sort((a, b) => a.beginsAt - b.beginsAt || a.ordinal - b.ordinal || a.number - b.number)
}

const attemptOf = (execution: Execution, ordinal: number, step: string, attempt: Attempt): AttemptOfLog => ({
  id: attemptIdOf(execution.id, ordinal, attempt.number),
  place: `${ordinal}:${attempt.number}`,
  step,
  ordinal,
  number: attempt.number,
  beginsAt: attempt.requestedAt * 1_000,
  // An ended attempt without an extent wrote nothing that is known of.
  extent: attempt.log ?? (attempt.exit ? '0' : undefined),
})

export const mayWriteMore = (execution: Execution): boolean => !isFinal(execution)

/** Reads one attempt's log. */
export class LogSource {
  readonly attempt: AttemptOfLog
  readonly #context: Context
  readonly #tenant: Tenant

  constructor(context: Context, tenant: Tenant, attempt: AttemptOfLog) {
    this.#context = context
    this.#tenant = tenant
    this.attempt = attempt
  }

  read(from: LogFrom, limit: number): Promise<LogPage> {
    return this.#context.logs.read(this.#tenant, this.attempt.id, from, limit, this.attempt.extent)
  }

  follow(from: LogFrom, signal: AbortSignal): AsyncIterable<readonly LogLine[]> {
    return this.#context.logs.follow(this.#tenant, this.attempt.id, from, signal, this.attempt.extent)
  }

  /** Where a vector has it. */
  fromOf({ since, next }: LogVector): NonNullable<LogFrom> {
    const seq = next.get(this.attempt.place)
    if (seq !== undefined) return { seq }
    return since === undefined ? { seq: 0 } : { since }
  }

  /** The number of the first line at or after an instant, or of the one that comes next. */
  async seqAt(from: NonNullable<LogFrom>): Promise<number> {
    if ('seq' in from) return from.seq
    const page = await this.read(from, 1)
    return page.lines[0]?.seq ?? page.next
  }
}

/** Lines of several attempts in order of time; those of one attempt stay in their order. */
export function mergeByTime<Item extends { readonly line: LogLine }>(lists: readonly (readonly Item[])[]): Item[] {
  const merged: Item[] = []
  const at = lists.map(() => 0)
  for (;;) {
    let best = -1
    for (const [i, list] of lists.entries()) {
      const head = list[at[i]!]
      if (head && (best < 0 || head.line.at < lists[best]![at[best]!]!.line.at)) best = i
    }
    if (best < 0) return merged
    merged.push(lists[best]![at[best]!++]!)
  }
}
