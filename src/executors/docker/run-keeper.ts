/**
 * Holds the runs of one executor and moves them along: start → running → end, after events of the engine, and all of
 * them again whenever the engine comes back.
 *
 * R1. Each run has one start and one end in progress at most: `phase` says which.
 * R2. A run leaves `#runs` when its exit is in the box; its container is removed after that.
 * R3. After `abandon` nothing is written, told or asked of the engine any more.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { ContainerInfo, ContainerInspectInfo } from 'dockerode'
import type { AllocationId, AttemptId } from '../../core/identity.ts'
import type { Observation, Seen, Sight, Work } from '../../core/ports/executor.ts'
import { type Reason, reason } from '../../core/reason.ts'
import type { StopHow } from '../../core/step-spec.ts'
import type { ObservationBox } from '../observation-box.ts'
import type { CheckPolicy } from './check-work.ts'
import type { ContainerEngine, EngineEvent, EngineFacts } from './container-engine.ts'
import { type ContainerNames, LABEL } from './container-names.ts'
import { type ContainerRun, labelledRun, newRun, termsOf } from './container-run.ts'
import { isAway } from './engine-failure.ts'
import { EngineWatch } from './engine-watch.ts'
import { instantOf, isPuzzling } from './exit-of.ts'
import type { ImageFacts, ImageStore } from './image-store.ts'
import type { ExitSeen, Journal } from './journal.ts'
import type { LogOutlet } from './log-outlet.ts'
import { isOver, nameOf, Patrol } from './patrol.ts'
import type { Places } from './places.ts'
import { ProgressWatch } from './progress-watch.ts'
import { exitReceipt, RunEnder } from './run-ender.ts'
import { RunLogs } from './run-logs.ts'
import { RunStarter } from './run-starter.ts'
import type { ServerReach } from './server-reach.ts'
import { startedSight } from './started-sight.ts'
import { Stopper } from './stopper.ts'
import { UsageSampler } from './usage-sampler.ts'

export interface KeeperParts {
  readonly engine: ContainerEngine
  readonly names: ContainerNames
  readonly journal: Journal
  readonly box: ObservationBox
  readonly outlet: LogOutlet
  readonly places: Places
  readonly reach: ServerReach
  readonly images: ImageStore
  readonly policy: CheckPolicy
  readonly publishAddress: string
  readonly life: AbortSignal
  readonly problem: (error: unknown) => void
  /** Something with a limit runs. */
  readonly limited: () => void
  /** An engine answers. */
  readonly here: (facts: EngineFacts) => void
}

const SETTLE_MS = 10
const STOPPED = reason('stopped_by_user', 'it was stopped before it started')

export class RunKeeper {
  readonly #parts: KeeperParts
  readonly #runs = new Map<AttemptId, ContainerRun>()
  readonly #logs: RunLogs
  readonly #watching = new AbortController()
  readonly #watch: EngineWatch
  readonly #starter: RunStarter
  readonly #ender: RunEnder
  readonly #stopper: Stopper
  readonly #usage: UsageSampler
  readonly #progress: ProgressWatch
  readonly #patrol: Patrol
  readonly #starting = new Map<AttemptId, Promise<void>>()
  readonly #chores = new Set<Promise<unknown>>()
  #receipts = 0
  awayWords: string | undefined

  constructor(parts: KeeperParts) {
    this.#parts = parts
    this.#starter = new RunStarter({
      ...parts,
      pulling: (run, progress) => this.#tell(run, { kind: 'pulling', ...(progress && { progress }) }),
    })
    this.#logs = new RunLogs(parts.engine, parts.outlet, parts.life)
    this.#ender = new RunEnder(parts)
    this.#stopper = new Stopper(parts.engine, parts.journal, {
      dead: (run) => this.#later(this.#end(run)),
      problem: (error) => this.#trouble(error),
    })
    this.#usage = new UsageSampler(parts.engine, parts.life)
    this.#progress = new ProgressWatch(parts.engine, parts.life, (run, progress) =>
      this.#tell(run, { kind: 'progress', progress }),
    )
    const labels = { [LABEL.instance]: parts.names.instance }
    this.#patrol = new Patrol({
      engine: parts.engine,
      labels,
      running: () => [...this.#runs.values()].filter(({ phase }) => phase === 'running'),
      ended: (run) => this.#later(this.#end(run)),
      here: () => this.here,
      problem: (error) => this.#trouble(error),
    })
    this.#watch = new EngineWatch(
      {
        engine: parts.engine,
        labels,
        event: (event) => this.#heard(event),
        back: () => this.#lookAround(),
        away: (words) => this.#wentAway(words),
      },
      AbortSignal.any([parts.life, this.#watching.signal]),
    )
  }

  get here(): boolean {
    return this.#watch.here
  }

  /** Repeats what was not acknowledged and looks for what runs. */
  begin(): void {
    for (const seen of this.#parts.journal.exits.values()) this.#parts.box.put(seen)
    this.#watch.start()
    this.#patrol.start()
  }

  /** False when no engine has answered in time. */
  async untilHere(patienceMs: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined
    const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, patienceMs)))
    await Promise.race([this.#watch.untilHere(), patience])
    clearTimeout(timer)
    return this.here
  }

  running(attempt: AttemptId): ContainerRun | undefined {
    const run = this.#runs.get(attempt)
    return run?.phase === 'running' ? run : undefined
  }

  see(attempt: AttemptId): Seen {
    const { journal } = this.#parts
    const exited = journal.exits.get(attempt)
    if (exited !== undefined)
      return {
        as: 'exited',
        exit: exited.exit,
        exitedAt: exited.at,
        ...(exited.startedAt !== undefined && { startedAt: exited.startedAt }),
      }
    const run = this.#runs.get(attempt)
    if (!this.here) return { as: 'unknown' }
    if (run === undefined) return { as: 'never' }
    return run.startedAt === undefined ? { as: 'unknown' } : { as: 'running', startedAt: run.startedAt }
  }

  /** Resolves when the container runs, or never will; rejects when the engine went away before that was certain. */
  start(attempt: AttemptId, work: Work): Promise<void> {
    const { journal, names } = this.#parts
    const starting = this.#starting.get(attempt)
    if (starting !== undefined) return starting
    const taken = this.#runs.has(attempt) || journal.exits.has(attempt) || journal.done.has(attempt)
    if (taken) return Promise.resolve()
    const run = newRun(attempt, names.containerOf(attempt), termsOf(work), work)
    this.#runs.set(attempt, run)
    const started = this.#start(run, work).finally(() => this.#starting.delete(attempt))
    this.#starting.set(attempt, started)
    return started
  }

  async stop(attempt: AttemptId, how: StopHow): Promise<void> {
    const { journal, engine, names } = this.#parts
    const run = this.#runs.get(attempt)
    if (run !== undefined) {
      this.#parts.limited()
      return this.#stopper.stop(run, how)
    }
    if (journal.exits.has(attempt) || journal.done.has(attempt)) return
    journal.bury(attempt)
    // A server that died may have made its container, even while this one was looking.
    if (this.here) await engine.remove(names.containerOf(attempt))
  }

  /** Ends what runs in an allocation, at once. */
  async killIn(allocation: AllocationId): Promise<void> {
    const inside = [...this.#runs.values()].filter((run) => run.terms.allocation === allocation)
    await this.#killAndWait(inside)
  }

  async killAll(): Promise<void> {
    await this.#killAndWait([...this.#runs.values()])
    await this.settled()
  }

  /** Nothing runs and nothing will: the engine is not watched any more, so the process may end. */
  unwatch(): void {
    this.#watching.abort()
  }

  /** Waits for what goes on in the background. */
  async settled(): Promise<void> {
    while (this.#chores.size > 0) await Promise.all(this.#chores)
  }

  abandon(): void {
    this.#patrol.stop()
    for (const run of this.#runs.values()) this.#stopper.forget(run)
  }

  async #killAndWait(runs: readonly ContainerRun[]): Promise<void> {
    const ended = { signal: 'SIGKILL', graceMs: 0 }
    await Promise.all(runs.map((run) => this.#stopper.stop(run, ended)))
    while (this.here && !this.#parts.life.aborted && runs.some((run) => this.#runs.get(run.attempt) === run))
      await delay(SETTLE_MS)
  }

  /** When the engine goes away in the middle nothing is taken: what it made is found by name the next time. */
  async #start(run: ContainerRun, work: Work): Promise<void> {
    try {
      if (this.#parts.journal.tombstones.has(run.attempt)) return await this.#refuse(run, STOPPED)
      const answer = await this.#starter.start(run, work)
      if ('refusal' in answer) return await this.#refuse(run, answer.refusal)
      this.#take(run, await this.#parts.engine.find(run.name), answer.started)
    } catch (error) {
      if (run.phase === 'starting') this.#runs.delete(run.attempt)
      throw error
    }
  }

  async #refuse(run: ContainerRun, why: Reason): Promise<void> {
    run.phase = 'ending'
    const seen: ExitSeen = {
      attempt: run.attempt,
      receipt: exitReceipt(run),
      at: Date.now(),
      kind: 'exited',
      exit: { outcome: 'refused', reason: why },
    }
    this.#conclude(run, await this.#ender.record(run, seen))
  }

  /** From here on the run is followed: a container that was started, by this server or an earlier one. */
  #take(run: ContainerRun, container: ContainerInspectInfo | undefined, image?: ImageFacts): void {
    if (this.#parts.life.aborted) return
    run.phase = 'running'
    run.work = undefined
    run.startedAt = instantOf(container?.State.StartedAt)
    this.#logs.follow(run)
    if (container === undefined) return this.#later(this.#end(run))
    if (run.startedAt !== undefined)
      this.#parts.box.put({
        attempt: run.attempt,
        receipt: `started/${run.attempt}`,
        at: run.startedAt,
        ...startedSight(container, run, image),
      })
    if (run.died || isOver(container.State.Status)) return this.#later(this.#end(run))
    if (run.terms.timeoutMs !== undefined || run.terms.deadlineAt !== undefined) this.#parts.limited()
    this.#stopper.limit(run)
    this.#usage.follow(run)
    this.#progress.follow(run)
    this.#later(this.#stopper.carryOn(run))
  }

  async #end(run: ContainerRun): Promise<void> {
    if (run.phase === 'ending') return
    run.phase = 'ending'
    this.#stopper.forget(run)
    while (!this.#parts.life.aborted) {
      try {
        return this.#conclude(run, await this.#ender.end(run, await this.#dead(run), this.#logs.of(run)))
      } catch (error) {
        if (isAway(error)) run.engineWasAway = true
        else this.#trouble(error)
        await delay(10 * SETTLE_MS)
        await this.#watch.untilHere()
      }
    }
  }

  /** The container of a run that has died, once the engine shows all of that. */
  async #dead(run: ContainerRun): Promise<ContainerInspectInfo | undefined> {
    for (;;) {
      const container = await this.#parts.engine.find(run.name)
      if (container === undefined || !(container.State.Running || isPuzzling(run, container.State))) return container
      run.looks++
      await delay(10 * SETTLE_MS)
    }
  }

  #conclude(run: ContainerRun, seen: ExitSeen): void {
    if (this.#parts.life.aborted) return
    this.#stopper.forget(run)
    this.#logs.forget(run)
    this.#parts.box.put(seen)
    this.#runs.delete(run.attempt)
    if (!seen.closed && seen.exit.outcome !== 'refused') this.#later(this.#parts.engine.remove(run.name))
  }

  #heard({ action, name, labels }: EngineEvent): void {
    const attempt = labels[LABEL.attempt] as AttemptId | undefined
    const run = attempt === undefined ? undefined : this.#runs.get(attempt)
    if (run === undefined) {
      if (action === 'start') this.#later(this.#adopt(name))
      return
    }
    if (action === 'oom') run.outOfMemory = true
    // What was asked before may be answered after this.
    if (action === 'die') run.died = true
    if (run.phase !== 'running') return
    if (action === 'die' || action === 'destroy') this.#later(this.#end(run))
    const health = /^health_status: (healthy|unhealthy)$/.exec(action)?.[1]
    if (health !== undefined) this.#tell(run, { kind: 'health', health: health as 'healthy' | 'unhealthy' })
  }

  /** A container that a dead server had asked for has started after all. */
  async #adopt(name: string): Promise<void> {
    const container = await this.#parts.engine.find(name)
    const known = container && labelledRun(container.Config.Labels)
    if (known !== undefined) this.#recover(known.attempt, container!.Name.replace(/^\//, ''), known.terms, container!)
  }

  /** The engine answers, for the first time or again: everything is looked at. */
  async #lookAround(): Promise<void> {
    const { engine, here, places, reach } = this.#parts
    here(await engine.facts())
    places.distrust()
    const found = await this.#patrol.look()
    if (found.length > 0) this.#later(reach.reopen())
    await Promise.all(found.map((container) => this.#meet(container)))
    this.awayWords = undefined
  }

  async #meet(found: ContainerInfo): Promise<void> {
    const attempt = found.Labels[LABEL.attempt] as AttemptId | undefined
    const run = attempt === undefined ? undefined : this.#runs.get(attempt)
    if (attempt === undefined || (run !== undefined && run.phase !== 'running')) return
    if (run !== undefined) return isOver(found.State) ? undefined : this.#meetAgain(run)
    const container = await this.#parts.engine.find(found.Id)
    const known = container && labelledRun(container.Config.Labels)
    if (known !== undefined) this.#recover(attempt, nameOf(found), known.terms, container!)
  }

  #meetAgain(run: ContainerRun): void {
    this.#stopper.limit(run)
    this.#later(this.#stopper.carryOn(run))
  }

  #recover(attempt: AttemptId, name: string, terms: ContainerRun['terms'], container: ContainerInspectInfo): void {
    const { journal, engine } = this.#parts
    if (this.#runs.has(attempt)) return
    const over = journal.exits.has(attempt) || journal.done.has(attempt) || journal.tombstones.has(attempt)
    if (over) return this.#later(engine.remove(name))
    if (container.State.Status === 'created') return
    const run = newRun(attempt, name, terms)
    run.stopping = journal.stops.get(attempt)
    this.#runs.set(attempt, run)
    this.#logs.resume(run)
    this.#take(run, container)
  }

  #wentAway(words: string): void {
    if (this.awayWords !== undefined) return
    this.awayWords = words
    for (const run of this.#runs.values()) {
      if (run.phase === 'starting') continue
      run.engineWasAway = true
      this.#tell(run, { kind: 'waiting', reason: awayReason(words) })
    }
  }

  /** News without an afterlife: told once, forgotten with the server. */
  #tell(run: ContainerRun, sight: Sight): void {
    if (this.#parts.life.aborted) return
    this.#parts.box.put({
      attempt: run.attempt,
      receipt: `news/${this.#receipts++}`,
      at: Date.now(),
      ...sight,
    } as Observation)
  }

  #later(chore: Promise<unknown>): void {
    const settled = chore.catch((error: unknown) => this.#trouble(error)).finally(() => this.#chores.delete(settled))
    this.#chores.add(settled)
  }

  #trouble(error: unknown): void {
    if (!this.#parts.life.aborted && !isAway(error)) this.#parts.problem(error)
  }
}

const awayReason = (words: string): Reason =>
  reason('executor_unavailable', `the container engine is out of reach, what runs in it may go on: ${words}`, {
    engine: words,
  })
