import type { Reason } from '../../core/reason.ts'
import type { StopHow } from '../../core/step-spec.ts'
import type { ContainerEngine } from './container-engine.ts'
import type { ContainerRun, Stopping } from './container-run.ts'
import { isAway, statusOf } from './engine-failure.ts'
import { limitOf } from './exit-of.ts'
import type { Journal } from './journal.ts'

/** Longest that a timer of Node can wait, ms. */
const LONGEST_TIMER_MS = 2_147_483_647

export interface StopperNews {
  /** A container that was to be signaled does not run any more. */
  readonly dead: (run: ContainerRun) => void
  readonly problem: (error: unknown) => void
}

/** Ends runs before their time: signal, grace, SIGKILL. What it means to do is journaled before it is done. */
export class Stopper {
  readonly #engine: ContainerEngine
  readonly #journal: Journal
  readonly #news: StopperNews

  constructor(engine: ContainerEngine, journal: Journal, news: StopperNews) {
    this.#engine = engine
    this.#journal = journal
    this.#news = news
  }

  /** Idempotent: a second call signals no more, but a shorter grace counts. */
  async stop(run: ContainerRun, how: StopHow, cause: Stopping['cause'] = 'stop', why?: Reason): Promise<void> {
    if (run.phase === 'ending') return
    const killAt = Date.now() + Math.max(0, how.graceMs)
    if (run.stopping !== undefined) return this.#hasten(run, run.stopping, killAt)
    run.stopping = { cause, signal: signalFor(run, how), killAt, killed: false, ...(why && { reason: why }) }
    this.#journal.stop(run.attempt, run.stopping)
    if (run.phase === 'running') await this.carryOn(run)
    else run.halt()
  }

  /** Sends what a stop has decided: for a container that has only now started, or is in reach again. */
  async carryOn(run: ContainerRun): Promise<void> {
    const { stopping } = run
    if (stopping === undefined || run.phase !== 'running') return
    this.#armKill(run, stopping)
    if (!stopping.killed) await this.#signal(run, stopping.signal)
  }

  /** Sets the limit that the run must not outlive. */
  limit(run: ContainerRun): void {
    clearTimeout(run.limitTimer)
    const limit = run.startedAt === undefined ? undefined : limitOf(run, run.startedAt)
    if (limit === undefined || run.stopping !== undefined) return
    const wait = Math.max(0, limit.at - Date.now())
    run.limitTimer = setTimeout(
      () => {
        if (wait > LONGEST_TIMER_MS) this.limit(run)
        else void this.stop(run, run.terms.stop, 'timeout', limit.why).catch(this.#news.problem)
      },
      Math.min(wait, LONGEST_TIMER_MS),
    )
  }

  /** No alarm of `run` rings any more. */
  forget(run: ContainerRun): void {
    clearTimeout(run.killTimer)
    clearTimeout(run.limitTimer)
    clearTimeout(run.usageTimer)
    clearTimeout(run.progressTimer)
  }

  async #hasten(run: ContainerRun, stopping: Stopping, killAt: number): Promise<void> {
    if (killAt >= stopping.killAt) return
    stopping.killAt = killAt
    this.#journal.stop(run.attempt, stopping)
    if (run.phase === 'running') this.#armKill(run, stopping)
  }

  #armKill(run: ContainerRun, stopping: Stopping): void {
    clearTimeout(run.killTimer)
    const wait = Math.max(0, stopping.killAt - Date.now())
    run.killTimer = setTimeout(
      () => void this.#kill(run, stopping).catch(this.#news.problem),
      Math.min(wait, LONGEST_TIMER_MS),
    )
  }

  async #kill(run: ContainerRun, stopping: Stopping): Promise<void> {
    if (run.phase !== 'running') return
    stopping.killed = true
    this.#journal.stop(run.attempt, stopping)
    await this.#signal(run, 'SIGKILL')
  }

  /** An engine that is away is asked again when it is back. */
  async #signal(run: ContainerRun, signal: string): Promise<void> {
    try {
      await this.#engine.signal(run.name, signal)
    } catch (error) {
      if (isAway(error)) return
      if (!isDead(error)) throw error
      this.#news.dead(run)
    }
  }
}

const isDead = (error: unknown): boolean =>
  [404, 409].includes(statusOf(error) ?? 0) || /is not running|only kill running|no such container/i.test(String(error))

/** SIGTERM is what a step has when it says nothing: an image knows better what stops it. */
const signalFor = (run: ContainerRun, how: StopHow): string =>
  how.signal === 'SIGTERM' ? (run.terms.imageStop ?? how.signal) : how.signal
