/**
 * The world that scripted attempts live in. Like cells or a container engine it outlives the server: an executor object
 * is only a connection to it. Time is the clock it is given.
 *
 * W1. An attempt starts at most once; a stop before its start leaves a tombstone.
 * W2. Observations stay until acknowledged and are given again to every new connection.
 */
import type { Exit } from '../../core/exit.ts'
import type { AllocationId, AttemptId } from '../../core/identity.ts'
import { attemptKeyOf } from '../../core/identity.ts'
import type { Instant } from '../../core/instant.ts'
import type { Alarms, Clock } from '../../core/ports/clock.ts'
import type { Observation, Seen, Sight, Work } from '../../core/ports/executor.ts'
import type { LogSource, LogWriter } from '../../core/ports/log-store.ts'
import { durationText } from '../../core/quantity-text.ts'
import { reason } from '../../core/reason.ts'
import type { StopHow } from '../../core/step-spec.ts'
import type { Script } from './script.ts'
import { readScript } from './script.ts'

interface Life {
  readonly id: AttemptId
  readonly work: Work
  readonly script: Script
  readonly startedAt: Instant
  readonly alarms: { cancel(): void }[]
  began: boolean
  exit?: Exit
  exitedAt?: Instant
  killAt?: { readonly at: Instant; readonly alarm: { cancel(): void } }
}

export class ScriptedWorld {
  readonly #clock: Clock
  readonly #alarms: Alarms
  readonly #logs: LogWriter | undefined
  readonly #lives = new Map<AttemptId, Life>()
  readonly #tombstones = new Map<AttemptId, Instant>()
  readonly #unacked = new Map<string, Observation>()
  readonly #open = new Set<AllocationId>()
  /** Every program that ever began, for tests: an id twice would break W1. */
  readonly begun: AttemptId[] = []
  /** What `removeShared` was asked for: `tenant/source`. */
  readonly removed: string[] = []
  #receipts = 0
  #listener: ((batch: readonly Observation[]) => void) | undefined

  constructor(clock: Clock, alarms: Alarms, logs?: LogWriter) {
    this.#clock = clock
    this.#alarms = alarms
    this.#logs = logs
  }

  /** Programs that run now. */
  get running(): readonly AttemptId[] {
    return [...this.#lives.values()].filter((l) => !l.exit).map((l) => l.id)
  }

  get openAllocations(): ReadonlySet<AllocationId> {
    return this.#open
  }

  /** The one listener; it gets all that is unacknowledged first. */
  listen(listener: (batch: readonly Observation[]) => void): () => void {
    this.#listener = listener
    if (this.#unacked.size > 0) listener([...this.#unacked.values()])
    return () => {
      if (this.#listener === listener) this.#listener = undefined
    }
  }

  ack(observed: readonly Observation[]): void {
    for (const { receipt } of observed) this.#unacked.delete(receipt)
  }

  open(allocation: AllocationId): void {
    this.#open.add(allocation)
  }

  start(id: AttemptId, work: Work): void {
    if (this.#lives.has(id)) return
    this.#open.add(work.place.allocation)
    const now = this.#clock.now()
    const script = readScript(work.run.argv, attemptKeyOf(id)?.number ?? 1)
    const life: Life = { id, work, script, startedAt: now, alarms: [], began: false }
    this.#lives.set(id, life)
    if (this.#tombstones.has(id))
      return this.#end(life, {
        outcome: 'refused',
        reason: reason('stopped_by_user', 'it was stopped before it began'),
      })
    if (script.exit.outcome === 'refused') return this.#end(life, script.exit)
    this.#begin(life)
  }

  #begin(life: Life): void {
    const { script, work, startedAt } = life
    life.began = true
    this.begun.push(life.id)
    this.#say(life, { kind: 'started', handle: `scripted-${this.begun.length}` })
    if (work.run.notice !== undefined) this.#print(life, work.run.notice, 'system')
    for (const text of script.prints) this.#print(life, text)
    for (const { afterMs, health } of script.health)
      this.#later(life, startedAt + afterMs, () => this.#say(life, { kind: 'health', health }))
    if (script.runMs !== undefined) this.#later(life, startedAt + script.runMs, () => this.#end(life, script.exit))
    const limits = [work.timeoutMs === undefined ? undefined : startedAt + work.timeoutMs, work.deadlineAt].filter(
      (t) => t !== undefined,
    )
    if (limits.length > 0) this.#later(life, Math.min(...limits), () => this.#timeOut(life))
  }

  stop(id: AttemptId, how: StopHow): void {
    const life = this.#lives.get(id)
    if (!life) {
      this.#tombstones.set(id, this.#clock.now())
      return
    }
    if (!life.exit) this.#signal(life, how, undefined)
  }

  inspect(id: AttemptId): Seen {
    const life = this.#lives.get(id)
    if (!life) return { as: 'never' }
    if (!life.exit) return { as: 'running', startedAt: life.startedAt }
    return { as: 'exited', exit: life.exit, startedAt: life.startedAt, exitedAt: life.exitedAt! }
  }

  close(allocation: AllocationId): void {
    for (const life of this.#lives.values())
      if (life.work.place.allocation === allocation && !life.exit)
        this.#end(life, { outcome: 'signaled', signal: 'SIGKILL' })
    this.#open.delete(allocation)
  }

  endAll(): void {
    for (const life of this.#lives.values()) if (!life.exit) this.#end(life, { outcome: 'signaled', signal: 'SIGKILL' })
    this.#open.clear()
  }

  /** Its cell died: what was running is dead, and said to be lost. */
  lose(id: AttemptId): void {
    const life = this.#lives.get(id)
    if (life && !life.exit)
      this.#end(life, { outcome: 'lost', reason: reason('cell_died', 'the process that held it died') })
  }

  #timeOut(life: Life): void {
    const { timeoutMs, deadlineAt } = life.work
    const step = timeoutMs !== undefined && life.startedAt + timeoutMs <= (deadlineAt ?? Number.POSITIVE_INFINITY)
    const why = step
      ? reason('step_timeout', `it did not end within its limit of ${durationText(timeoutMs)}`)
      : reason('execution_timeout', 'the execution ran longer than its limit')
    this.#signal(life, life.work.stop, { outcome: 'timedOut', reason: why })
  }

  #signal(life: Life, how: StopHow, verdict: Exit | undefined): void {
    const exit = life.script.stopExit ?? ({ outcome: 'signaled', signal: how.signal } as const)
    if (!life.script.ignoresStop) return this.#end(life, { ...exit, ...verdict })
    const at = this.#clock.now() + how.graceMs
    if (life.killAt && life.killAt.at <= at) return
    life.killAt?.alarm.cancel()
    const kill = (): void =>
      this.#end(life, { outcome: 'signaled', signal: 'SIGKILL', killedAfterGrace: true, ...verdict })
    life.killAt = { at, alarm: this.#alarms.at(at, kill) }
  }

  #end(life: Life, exit: Exit): void {
    if (life.exit) return
    for (const alarm of life.alarms) alarm.cancel()
    life.killAt?.alarm.cancel()
    life.exit = exit
    life.exitedAt = this.#clock.now()
    const { began } = life
    if (life.work.closesAllocation) this.#open.delete(life.work.place.allocation)
    this.#say(life, {
      kind: 'exited',
      exit,
      ...(began && { startedAt: life.startedAt, usage: { cpuMicros: 0, peakMemoryBytes: 0 } }),
      ...(Object.keys(life.script.outputs).length > 0 && { outputs: life.script.outputs }),
      ...(this.#logs && { log: this.#logs.end(life.work.place.tenant, life.id) }),
      ...(life.work.closesAllocation && { closed: true }),
    })
  }

  #print(life: Life, text: string, source: LogSource = 'stdout'): void {
    this.#logs?.write(life.work.place.tenant, life.id, source, Buffer.from(`${text}\n`), this.#clock.now() * 1000)
    this.#logs?.flush()
  }

  #later(life: Life, at: Instant, then: () => void): void {
    life.alarms.push(
      this.#alarms.at(at, () => {
        if (!life.exit) then()
      }),
    )
  }

  #say(life: Life, sight: Sight): void {
    const observation: Observation = {
      attempt: life.id,
      receipt: String(++this.#receipts),
      at: this.#clock.now(),
      ...sight,
    }
    this.#unacked.set(observation.receipt, observation)
    this.#listener?.([observation])
  }
}
