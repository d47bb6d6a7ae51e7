/**
 * The schedule service: starts a task's execution when its time has come. It holds every active schedule in memory and
 * their positions in documents; a task that is registered or deactivated is told to it by `changed`.
 *
 * C1. The position moves in the very commit that accepts the run: a crash neither loses nor doubles one.
 * C2. An instant of a task runs at most once, also when the clock is set back: the position forbids it, and behind it
 *     the run's idempotency key.
 * C3. Of a schedule that replaces, only the newest execution is wanted; a start makes that true again.
 * C4. A schedule whose times change, or whose pause ends, begins anew from its registration; other changes keep the position.
 */
import { EngineError } from '../core/engine-error.ts'
import type { ExecutionId, Tenant } from '../core/identity.ts'
import type { Instant } from '../core/instant.ts'
import type { Schedule, Task } from '../core/task.ts'
import { decideOverlap, dueTimes } from '../scheduler/cron.ts'
import { allDocuments } from './all-documents.ts'
import type { Context } from './context.ts'
import { nextOf, POSITIONS, positionFor, putPosition, SCHEDULED, type SchedulePosition } from './schedule-position.ts'
import { activeOf, isConflictOf, isHopeless, stopReplaced, submitScheduled } from './scheduled-run.ts'
import type { SubmitResult } from './submission-request.ts'
import { findTask, TASKS } from './tasks.ts'
import type { TickedService } from './ticked-service.ts'

/** Schedules that run at the same time share commits; more than this wait for the next commit. */
const AT_ONCE = 32
/** A clock set forward is noticed after this at the latest, well within what still counts as on time, ms. */
const LONGEST_SLEEP_MS = 15_000
/** When somebody else moved a position meanwhile, ms. */
const AFTER_CONFLICT_MS = 1_000

interface Entry {
  readonly tenant: Tenant
  readonly name: string
  readonly revision: number
  readonly schedule: Schedule
  position: SchedulePosition
  /** Version of the position's document. */
  version: number
  nextAt: Instant | undefined
}

export const scheduleService = (context: Context): ScheduleService => new ScheduleService(context)

export class ScheduleService implements TickedService {
  readonly name = 'schedules'
  readonly #context: Context
  readonly #entries = new Map<string, Entry>()
  readonly #changed = new Map<string, { readonly tenant: Tenant; readonly name: string }>()
  #loaded = false
  #lastTickAt = Number.NEGATIVE_INFINITY

  constructor(context: Context) {
    this.#context = context
  }

  /** This task was registered or deactivated; without a name: read everything again. A tick should follow. */
  changed(tenant?: Tenant, name?: string): void {
    if (tenant === undefined || name === undefined) this.#loaded = false
    else this.#changed.set(keyOf(tenant, name), { tenant, name })
  }

  async tick(now: Instant): Promise<{ readonly did: number; readonly nextAt?: Instant }> {
    if (now < this.#lastTickAt) this.#loaded = false
    this.#lastTickAt = now
    await this.#refresh(now)
    const due = [...this.#entries.values()].filter((e) => e.nextAt !== undefined && e.nextAt <= now)
    let did = 0
    for (let i = 0; i < due.length; i += AT_ONCE) did += await this.#fireAll(due.slice(i, i + AT_ONCE), now)
    if (this.#entries.size === 0) return { did }
    const times = [...this.#entries.values()].flatMap((e) => e.nextAt ?? [])
    const soonest = times.reduce((a, b) => Math.min(a, b), now + LONGEST_SLEEP_MS)
    return { did, nextAt: soonest }
  }

  async #fireAll(due: readonly Entry[], now: Instant): Promise<number> {
    const outcomes = await Promise.allSettled(due.map((e) => this.#fire(e, now)))
    const failed = outcomes.find((o) => o.status === 'rejected')
    if (failed) throw failed.reason
    return outcomes.reduce((sum, o) => sum + (o.status === 'fulfilled' ? o.value : 0), 0)
  }

  /** Runs what is due of one schedule, as it is stored this moment; returns how many. */
  async #fire({ tenant, name }: Entry, now: Instant): Promise<number> {
    const entry = await this.#read(tenant, name, now)
    if (!entry) return 0
    const { schedule } = entry
    const times = dueTimes(schedule, entry.position.seenUntil, now)
    // Each would replace the one before it ere that had done anything.
    const wanted = schedule.overlap === 'replace' ? times.slice(-1) : times
    let did = 0
    try {
      for (const at of wanted) did += (await this.#run(entry, at)) ? 1 : 0
      entry.nextAt = nextOf(schedule, Math.max(entry.position.seenUntil, times.length > 0 ? 0 : now))
    } catch (error) {
      if (!isConflictOf(error, 'document')) throw error
      entry.nextAt = now + AFTER_CONFLICT_MS
    }
    return did
  }

  /** One instant: run, or skip it behind an earlier run. */
  async #run(entry: Entry, at: Instant): Promise<boolean> {
    const { tenant, name, schedule } = entry
    const decision = decideOverlap(schedule.overlap, activeOf(this.#context, tenant, name))
    if (decision.kind === 'skip') {
      const facts = { tenant, task: name, at, behind: decision.behind }
      this.#context.logger.info(facts, 'a scheduled run is skipped: the one before has not ended')
      await this.#move(entry, { seenUntil: at })
      return false
    }
    const started = await this.#submit(entry, at, decision.kind === 'replace')
    if (started && decision.kind === 'replace') await stopReplaced(this.#context, decision.stop, started)
    return started !== undefined
  }

  async #submit(entry: Entry, at: Instant, replaces: boolean): Promise<ExecutionId | undefined> {
    const { tenant, name, revision } = entry
    const id = this.#context.ids.execution()
    const next = advanced(entry, { seenUntil: at, lastAt: at, lastExecution: id })
    const change = putPosition(tenant, name, next, entry.version)
    try {
      const result = await submitScheduled(this.#context, { id, tenant, name, revision, at, replaces }, change)
      return await this.#settle(entry, at, next, result)
    } catch (error) {
      if (!isHopeless(error)) throw error
      this.#context.logger.error({ tenant, task: name, at, error: error.message }, 'a scheduled run was not accepted')
      await this.#move(entry, { seenUntil: at })
      return undefined
    }
  }

  async #settle(
    entry: Entry,
    at: Instant,
    next: SchedulePosition,
    result: SubmitResult,
  ): Promise<ExecutionId | undefined> {
    if (result.kind === 'refused') {
      const { tenant, name } = entry
      this.#context.logger.warn({ tenant, task: name, at, reason: result.reason }, 'a scheduled run was refused')
      await this.#move(entry, { seenUntil: at })
      return undefined
    }
    if (result.repeated) await this.#move(entry, { seenUntil: at, lastAt: at, lastExecution: result.execution.id })
    else moved(entry, next)
    return result.repeated ? undefined : result.execution.id
  }

  /** Moves the position without a run. */
  async #move(entry: Entry, change: Partial<SchedulePosition>): Promise<void> {
    const next = advanced(entry, change)
    await this.#context.store.commit([putPosition(entry.tenant, entry.name, next, entry.version)])
    moved(entry, next)
  }

  async #refresh(now: Instant): Promise<void> {
    if (!this.#loaded) await this.#load(now)
    for (const [key, { tenant, name }] of [...this.#changed]) {
      this.#changed.delete(key)
      await this.#guarded(tenant, name, () => this.#read(tenant, name, now))
    }
  }

  async #load(now: Instant): Promise<void> {
    this.#loaded = true
    this.#entries.clear()
    try {
      const { system } = this.#context.store
      for await (const task of allDocuments((page) => system.documents<Task>(TASKS, { ...page, index: SCHEDULED })))
        await this.#guarded(task.tenant, task.key, () => this.#read(task.tenant, task.key, now))
      for await (const { tenant, key } of allDocuments((page) => system.documents(POSITIONS, page)))
        if (!this.#entries.has(keyOf(tenant, key))) await this.#read(tenant, key, now)
    } catch (error) {
      this.#loaded = false
      throw error
    }
    for (const entry of this.#entries.values()) if (entry.schedule.overlap === 'replace') await this.#keepNewest(entry)
  }

  /** One schedule that cannot be read must not stop the others. */
  async #guarded(tenant: Tenant, name: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (error instanceof EngineError && error.code !== 'conflict') throw error
      this.#context.logger.error({ tenant, task: name, error: String(error) }, 'a schedule could not be read')
    }
  }

  /** The schedule as stored now, in its entry; none, and no position either, when the task has none any more. */
  async #read(tenant: Tenant, name: string, now: Instant): Promise<Entry | undefined> {
    const { store } = this.#context
    const [task, stored] = await Promise.all([
      findTask(this.#context, tenant, name),
      store.document<SchedulePosition>(tenant, POSITIONS, name),
    ])
    const schedule = task?.state === 'active' ? task.spec.schedule : undefined
    this.#entries.delete(keyOf(tenant, name))
    if (!task || !schedule) {
      if (stored) await store.commit([{ kind: 'document.delete', tenant, collection: POSITIONS, key: name }])
      return undefined
    }
    const position = positionFor(task, schedule, stored?.body, now)
    const nextAt = nextOf(schedule, position.seenUntil)
    const { revision } = task
    const entry: Entry = { tenant, name, revision, schedule, position, version: stored?.version ?? 0, nextAt }
    if (position !== stored?.body) await this.#move(entry, {})
    this.#entries.set(keyOf(tenant, name), entry)
    return entry
  }

  async #keepNewest({ tenant, name }: Entry): Promise<void> {
    const active = [...activeOf(this.#context, tenant, name)]
    const newest = active.pop()
    if (newest !== undefined) await stopReplaced(this.#context, active, newest)
  }
}

const keyOf = (tenant: Tenant, name: string): string => `${tenant}\n${name}`

const advanced = (entry: Entry, change: Partial<SchedulePosition>): SchedulePosition => ({
  ...entry.position,
  revision: entry.revision,
  ...change,
})

function moved(entry: Entry, position: SchedulePosition): void {
  entry.position = position
  entry.version++
}
