/**
 * Keeps time limits and grace periods while no server is there. A small process of its own that outlives the server; it
 * owns nothing, remembers nothing and decides nothing new: terms are read from containers' labels, stops from the journal.
 *
 * L1. It comes `SLACK_MS` after the server would have: what a living server does, it never has to.
 * L2. It reports nothing. Whoever finds the container later reads from its times that it outlived its limit.
 * L3. It ends by itself when nothing with a limit has been running for a while; `LimitKeeping` starts it when needed.
 */
import type { ContainerInfo } from 'dockerode'
import type { Instant } from '../../core/instant.ts'
import type { ContainerEngine } from './container-engine.ts'
import { LABEL } from './container-names.ts'
import { labelledRun, newRun, type RunTerms } from './container-run.ts'
import { instantOf, limitOf } from './exit-of.ts'
import { readStops } from './journal.ts'

const SLACK_MS = 1_000
const SHORTEST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 2_000

interface Watched {
  readonly startedAt: Instant
  /** When the keeper itself sent the stop signal. */
  signaledAt?: Instant
}

export class LimitKeeper {
  readonly #engine: ContainerEngine
  readonly #instance: string
  readonly #journalPath: string
  #watched = new Map<string, Watched>()

  constructor(engine: ContainerEngine, instance: string, journalPath: string) {
    this.#engine = engine
    this.#instance = instance
    this.#journalPath = journalPath
  }

  /** One round. Answers how long to wait for the next, ms; undefined when nothing that runs has a limit. */
  async tick(now: Instant): Promise<number | undefined> {
    const stops = readStops(this.#journalPath)
    const running = (await this.#engine.list({ [LABEL.instance]: this.#instance })).filter(
      ({ State }) => State === 'running',
    )
    const before = this.#watched
    this.#watched = new Map()
    let next: Instant | undefined
    for (const container of running) {
      const known = labelledRun(container.Labels)
      if (known === undefined) continue
      const watched = before.get(container.Id) ?? { startedAt: await this.#startOf(container) }
      this.#watched.set(container.Id, watched)
      const stop = stops.get(known.attempt)
      const due = stop === undefined ? dueOf(known.attempt, known.terms, watched) : stop.killAt + SLACK_MS
      if (due === undefined) continue
      if (due <= now) await this.#act(container.Id, known.terms, watched, now, stop !== undefined)
      next = Math.min(next ?? Number.POSITIVE_INFINITY, due)
    }
    return next === undefined ? undefined : Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, next - now))
  }

  async #startOf({ Id, Created }: ContainerInfo): Promise<Instant> {
    const container = await this.#engine.find(Id)
    return instantOf(container?.State.StartedAt) ?? Created * 1000
  }

  async #act(id: string, terms: RunTerms, watched: Watched, now: Instant, stopped: boolean): Promise<void> {
    const first = !stopped && watched.signaledAt === undefined
    if (first) watched.signaledAt = now
    const own = terms.stop.signal === 'SIGTERM' ? (terms.imageStop ?? terms.stop.signal) : terms.stop.signal
    await this.#engine.signal(id, first ? own : 'SIGKILL').catch(() => undefined)
  }
}

/** When the keeper has to act, by the terms alone; undefined without a limit. */
function dueOf(attempt: string, terms: RunTerms, { startedAt, signaledAt }: Watched): Instant | undefined {
  if (signaledAt !== undefined) return signaledAt + terms.stop.graceMs
  const limit = limitOf(newRun(attempt as never, '', terms), startedAt)
  return limit === undefined ? undefined : limit.at + SLACK_MS
}
