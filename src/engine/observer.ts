import type { ExecutionEvent } from '../core/execution-event.ts'
import { attemptKeyOf } from '../core/identity.ts'
import type { Executor, Observation } from '../core/ports/executor.ts'
import type { Context } from './context.ts'

/** First wait before observations that could not be applied are applied again, ms. */
const FIRST_WAIT_MS = 50

/**
 * The observer of one executor: applies what it saw and acknowledges it once that is durable. News of attempts that no
 * longer matter is acknowledged as well, or it would come again for ever.
 */
export class Observer {
  readonly #context: Context
  readonly #executor: Executor
  readonly #abort = new AbortController()
  #running: Promise<void> | undefined

  constructor(context: Context, executor: Executor) {
    this.#context = context
    this.#executor = executor
  }

  start(): void {
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort
    while (!signal.aborted) {
      try {
        for await (const batch of this.#executor.observations(signal)) void this.#take(batch)
      } catch (error) {
        if (signal.aborted) return
        this.#context.logger.error(
          { executor: this.#executor.kind, error: String(error) },
          'observations broke off; beginning again',
        )
        await this.#pause(250)
      }
    }
  }

  async #take(batch: readonly Observation[]): Promise<void> {
    for (let waitMs = FIRST_WAIT_MS; !this.#abort.signal.aborted; waitMs = Math.min(waitMs * 2, 10_000)) {
      try {
        await Promise.all(batch.map((seen) => this.#apply(seen)))
        await this.#executor.ack(batch)
        return
      } catch (error) {
        const facts = { executor: this.#executor.kind, error: String(error), waitMs }
        this.#context.logger.warn(facts, 'observations could not be made durable; trying again')
        await this.#pause(waitMs)
      }
    }
  }

  /** Also over at once when the observer stops. */
  #pause(ms: number): Promise<void> {
    return new Promise((resume) => {
      const alarm = this.#context.alarms.at(this.#context.now() + ms, resume)
      const onAbort = (): void => {
        alarm.cancel()
        resume()
      }
      this.#abort.signal.addEventListener('abort', onAbort, { once: true })
    })
  }

  async #apply(seen: Observation): Promise<void> {
    const key = attemptKeyOf(seen.attempt)
    if (key) await this.#context.transitions.apply(key.execution, eventOf(seen))
  }
}

export function eventOf(seen: Observation): ExecutionEvent {
  const { attempt, at } = seen
  switch (seen.kind) {
    case 'started': {
      const { handle, ports, address, imageDigest, pullStoppedAt } = seen
      const detail = {
        ...(handle !== undefined && { handle }),
        ...(ports && { ports }),
        ...(address !== undefined && { address }),
        ...(imageDigest !== undefined && { imageDigest }),
        ...(pullStoppedAt !== undefined && { pullStoppedAt }),
      }
      return { kind: 'attemptStarted', attempt, at, detail }
    }
    case 'pulling':
      return seen.progress
        ? { kind: 'progress', attempt, progress: seen.progress }
        : { kind: 'attemptDetail', attempt, detail: { pullStartedAt: at } }
    case 'exited': {
      const { exit, startedAt, usage, outputs, outputsProblem, log, closed } = seen
      return {
        kind: 'attemptExited',
        attempt,
        at,
        exit,
        ...(startedAt !== undefined && { startedAt }),
        ...(usage && { usage }),
        ...(outputs && { outputs }),
        ...(outputsProblem !== undefined && { outputsProblem }),
        ...(log !== undefined && { log }),
        ...(closed && { closed }),
      }
    }
    case 'health':
      return { kind: 'attemptHealth', attempt, health: seen.health }
    case 'outputs':
      return { kind: 'outputs', attempt, outputs: seen.outputs }
    case 'progress':
      return { kind: 'progress', attempt, progress: seen.progress }
    case 'waiting':
      return { kind: 'attemptWaiting', attempt, reason: seen.reason }
  }
}
