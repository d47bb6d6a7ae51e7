/**
 * Transitions: the only door through which an active execution changes. Events of one execution are applied one after
 * the other; those that arrive while a commit is under way are folded into the next one, so that a quick start and exit
 * cost one commit. Effects (starting, stopping, closing) happen after the commit, never before.
 *
 * T1. At most one commit per execution is under way.
 * T2. The roster changes when the commit has succeeded.
 * T3. A full disk loses nothing: the fold waits and is tried again.
 */
import type { Advanced } from '../core/advance.ts'
import { advance } from '../core/advance.ts'
import { EngineError } from '../core/engine-error.ts'
import type { Transition, UnplacedEvent } from '../core/event.ts'
import type { Execution } from '../core/execution.ts'
import { isFinal } from '../core/execution.ts'
import type { ExecutionEvent } from '../core/execution-event.ts'
import type { ExecutionId } from '../core/identity.ts'
import type { Instant } from '../core/instant.ts'
import type { Change } from '../core/ports/store.ts'
import type { Context } from './context.ts'
import { afterCommit, armTimer } from './effects.ts'
import { reactions } from './reactions.ts'

/** How an event was received. */
export type Applied = 'advanced' | Extract<Advanced, { kind: 'refused' }>['why'] | 'unknown'

interface Waiting {
  readonly event: ExecutionEvent
  readonly done: (applied: Applied) => void
  readonly fail: (error: unknown) => void
}

/** Retry interval of a commit that the disk had no room for, ms. */
const FULL_DISK_RETRY_MS = 250
/** A face whose documents move under it so often does not come to rest: its reaction is at fault. */
const MOST_CONFLICTS = 50

export class Transitions {
  readonly #context: Context
  readonly #inboxes = new Map<ExecutionId, Waiting[]>()
  #ended = false

  constructor(context: Context) {
    this.#context = context
  }

  /** Resolves when what followed is durable; `unknown`: not active here. Rejects only when it could not be made durable
   *  (the store or the engine has ended): whoever brought the event must bring it again. */
  apply(id: ExecutionId, event: ExecutionEvent): Promise<Applied> {
    if (this.#ended) return Promise.reject(new EngineError('unavailable', 'the engine has ended'))
    return new Promise((done, fail) => {
      const inbox = this.#inboxes.get(id)
      if (inbox) inbox.push({ event, done, fail })
      else {
        this.#inboxes.set(id, [{ event, done, fail }])
        queueMicrotask(() => void this.#pump(id))
      }
    })
  }

  /** As `apply`, for those who can only leave it at that: `failed` was logged. */
  tell(id: ExecutionId, event: ExecutionEvent): Promise<Applied | 'failed'> {
    return this.apply(id, event).catch(() => 'failed' as const)
  }

  /** After this nothing changes any more; what is under way ends by itself. */
  end(): void {
    this.#ended = true
  }

  async #pump(id: ExecutionId): Promise<void> {
    const inbox = this.#inboxes.get(id)!
    while (inbox.length > 0) await this.#takeBatch(id, inbox.splice(0))
    this.#inboxes.delete(id)
  }

  async #takeBatch(id: ExecutionId, batch: readonly Waiting[]): Promise<void> {
    try {
      if (this.#ended) throw new EngineError('unavailable', 'the engine has ended')
      const applied = await this.#commitFold(id, batch)
      for (const [i, waiting] of batch.entries()) settle(waiting, applied[i]!)
    } catch (error) {
      if (!this.#ended)
        this.#context.logger.error({ execution: id, error: String(error) }, 'a transition could not be committed')
      for (const waiting of batch) waiting.fail(error)
    }
  }

  async #commitFold(id: ExecutionId, batch: readonly Waiting[]): Promise<readonly Outcome[]> {
    const before = this.#context.roster.get(id)
    if (!before) return batch.map(() => 'unknown')
    const fold = foldEvents(before, batch, this.#context.now())
    if (!fold.moved) {
      if (fold.execution !== before) this.#context.roster.replace(fold.execution)
      armTimer(this.#context, fold.execution)
      return fold.applied
    }
    const next = { ...fold.execution, version: before.version + 1 }
    await this.#commit(next, fold.transitions)
    this.#settleRoster(next)
    afterCommit(this.#context, before, next, fold.transitions)
    return fold.applied
  }

  async #commit(next: Execution, transitions: readonly Transition[]): Promise<void> {
    for (let conflicts = 0; ; ) {
      try {
        await this.#context.store.commit(await changesFor(this.#context, next, transitions))
        return
      } catch (error) {
        if (this.#ended || !(error instanceof EngineError)) throw error
        if (error.code === 'exhausted') await this.#pause(FULL_DISK_RETRY_MS)
        else if (!isForeignConflict(error) || conflicts++ === MOST_CONFLICTS) throw error
      }
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resume) => {
      this.#context.alarms.at(this.#context.now() + ms, resume)
    })
  }

  #settleRoster(next: Execution): void {
    if (isFinal(next)) this.#context.roster.leave(next)
    else this.#context.roster.replace(next)
  }
}

/** A face's document moved under its reaction: the reaction is asked again. */
const isForeignConflict = (error: EngineError): boolean =>
  error.code === 'conflict' && error.facts.subject !== 'execution'

/** What became of one event: how it was received, or the error it met. */
type Outcome = Applied | { readonly error: unknown }

function settle(waiting: Waiting, outcome: Outcome): void {
  if (typeof outcome === 'object') waiting.fail(outcome.error)
  else waiting.done(outcome)
}

interface Fold {
  readonly execution: Execution
  readonly transitions: readonly Transition[]
  readonly applied: readonly Outcome[]
  /** Something must be committed; progress alone need not be. */
  readonly moved: boolean
}

function foldEvents(before: Execution, batch: readonly Waiting[], now: Instant): Fold {
  let execution = before
  let moved = false
  const transitions: Transition[] = []
  const applied: Outcome[] = []
  for (const { event } of batch) {
    const result = attempted(execution, event, now)
    if ('error' in result) {
      applied.push(result)
      continue
    }
    applied.push(result.kind === 'advanced' ? 'advanced' : result.why)
    if (result.kind === 'refused') continue
    moved ||= result.transitions.length > 0
    transitions.push(...result.transitions)
    execution = { ...result.execution, version: before.version }
  }
  return { execution, transitions, applied, moved }
}

/** An event that cannot be taken (appended steps that make no plan) fails alone; the others of its fold go on. */
function attempted(execution: Execution, event: ExecutionEvent, now: Instant): Advanced | { readonly error: unknown } {
  try {
    return advance(execution, event, now)
  } catch (error) {
    return { error }
  }
}

/** The changes of one commit: the execution, its events, and what faces add to them. */
export async function changesFor(
  context: Context,
  next: Execution,
  transitions: readonly Transition[],
): Promise<readonly Change[]> {
  const events = eventsOf(next, transitions, context.now())
  const extra = await reactions(context, next, events)
  const retention = next.submission.retentionMs ?? context.defaults.retentionMs
  const removeAt = next.status.finishedAt === undefined ? undefined : next.status.finishedAt + retention
  return [
    { kind: 'execution.update', execution: next, ...(removeAt !== undefined && { removeAt }) },
    ...labelled(next, transitions),
    ...events.map((event): Change => ({ kind: 'event', event })),
    ...extra,
  ]
}

const labelled = (next: Execution, transitions: readonly Transition[]): readonly Change[] =>
  transitions.some((t) => t.kind === 'execution.labels')
    ? [{ kind: 'execution.labels', execution: next, expected: next.version }]
    : []

export const eventsOf = (next: Execution, transitions: readonly Transition[], at: Instant): readonly UnplacedEvent[] =>
  transitions.map((transition) => ({ tenant: next.tenant, execution: next.id, at, version: next.version, transition }))
