/**
 * One webhook's deliveries, one after the other: first tries in the order of events, in turn with what is due again.
 * Lanes know nothing of each other, so that a slow receiver holds up only itself.
 *
 * L1. An event's progress is committed after its try, never before: a crash repeats a delivery, with the same id.
 * L2. A failed try leaves a pending delivery in the very commit that passes its event.
 * L3. The lane is its progress document's only writer while the hook is active; a conflict means that the hook was set
 *     anew or removed, and everything is read again.
 * L4. Pending deliveries are at most `MOST_PENDING`; with more failing, events wait in the store.
 */
import type { Event } from '../core/event.ts'
import type { Execution } from '../core/execution.ts'
import type { Tenant } from '../core/identity.ts'
import type { Instant } from '../core/instant.ts'
import type { Change } from '../core/ports/store.ts'
import { allDocuments } from './all-documents.ts'
import { deliveryWait, pauseAfter } from './delivery-wait.ts'
import { EventReader } from './event-reader.ts'
import type { HookProgress, HookRecord, PendingDelivery } from './hook-records.ts'
import { DELIVERIES, PROGRESS, putDelivery, putProgress } from './hook-records.ts'
import { HookSender, isGood, type Outcome, type SenderParts } from './hook-sender.ts'
import type { WebhookFormat, WebhookMessage } from './webhook-format.ts'

const MOST_PENDING = 1_000
/** Deliveries that a crash may repeat. */
const UNSAVED = 20
/** A place that moved without deliveries is kept this often, ms. */
const LONGEST_UNSAVED_MS = 3_600_000
/** After a commit that failed, ms. */
const AFTER_FAILURE_MS = 5_000

export class HookLane {
  readonly #parts: SenderParts
  readonly #tenant: Tenant
  readonly #id: string
  #record: HookRecord
  #format: WebhookFormat
  readonly #abort = new AbortController()
  readonly #sender: HookSender
  #reader: EventReader | undefined
  #progress: HookProgress = { done: 0, pending: 0 }
  #version = 0
  readonly #pending = new Map<string, PendingDelivery>()
  #unsaved = 0
  #savedAt: Instant = Number.NEGATIVE_INFINITY
  /** Its filter may be another: the events are to be read anew. */
  #anew = false
  #pausedUntil: Instant = Number.NEGATIVE_INFINITY
  #woken = false
  #round: Promise<void> | undefined
  #alarm: { cancel(): void } | undefined

  constructor(parts: SenderParts, tenant: Tenant, id: string, record: HookRecord, format: WebhookFormat) {
    this.#parts = parts
    this.#tenant = tenant
    this.#id = id
    this.#record = record
    this.#format = format
    this.#sender = new HookSender(parts, tenant, id, this.#abort.signal)
  }

  /** The hook was set anew: this is how it goes on. */
  configure(record: HookRecord, format: WebhookFormat): void {
    this.#record = record
    this.#format = format
    this.#anew = true
  }

  concerns(event: Event): boolean {
    const { kinds } = this.#record
    return event.tenant === this.#tenant && (kinds === undefined || kinds.includes(event.transition.kind))
  }

  /** There may be something to deliver. */
  wake(): void {
    this.#woken = true
    if (!this.#abort.signal.aborted) this.#round ??= this.#rounds()
  }

  /** Breaks off; what was under way counts as not tried. */
  async close(): Promise<void> {
    this.#abort.abort()
    this.#alarm?.cancel()
    await this.#round
  }

  get #closed(): boolean {
    return this.#abort.signal.aborted
  }

  async #rounds(): Promise<void> {
    while (this.#woken && !this.#closed) {
      this.#woken = false
      let nextAt: Instant | undefined
      try {
        nextAt = await this.#work()
      } catch (error) {
        nextAt = this.#failed(error)
      }
      this.#alarm?.cancel()
      if (nextAt !== undefined && !this.#closed) this.#alarm = this.#parts.context.alarms.at(nextAt, () => this.wake())
    }
    this.#round = undefined
  }

  #failed(error: unknown): Instant {
    this.#reader = undefined
    this.#unsaved = 0
    const { logger, now } = this.#parts.context
    if (!this.#closed) logger.warn({ hook: this.#id, error: String(error) }, 'deliveries broke off; going on soon')
    this.#pausedUntil = now() + AFTER_FAILURE_MS
    return this.#pausedUntil
  }

  /** Delivers until nothing is left to do now; returns when there will be. */
  async #work(): Promise<Instant | undefined> {
    const { now } = this.#parts.context
    while (!this.#closed && this.#pausedUntil <= now()) {
      if (this.#anew || !this.#reader) await this.#begin()
      const due = this.#soonest()
      const again = due !== undefined && due.dueAt <= now()
      if (again) await this.#tryAgain(due)
      const event = this.#pending.size < MOST_PENDING && !this.#closed ? await this.#reader?.next() : undefined
      if (event) await this.#tryFirst(event)
      if (!again && !event) break
    }
    if (this.#mustSave() && !this.#closed) await this.#save({})
    return this.#pausedUntil > now() ? this.#pausedUntil : this.#soonest()?.dueAt
  }

  /** A place that only ever passes what the hook does not want must not grow old: its events are removed one day. */
  #mustSave(): boolean {
    if (this.#unsaved > 0) return true
    const moved = this.#reader !== undefined && this.#reader.place.cursor !== this.#progress.cursor
    return moved && this.#savedAt + LONGEST_UNSAVED_MS <= this.#parts.context.now()
  }

  /** Reads everything as stored; without progress the hook is gone, and so is the lane. */
  async #begin(): Promise<void> {
    if (this.#reader && this.#unsaved > 0) await this.#save({})
    this.#anew = false
    const { store, logger } = this.#parts.context
    const stored = await store.document<HookProgress>(this.#tenant, PROGRESS, this.#id)
    if (!stored) return this.#abort.abort()
    this.#progress = stored.body
    this.#version = stored.version
    this.#unsaved = 0
    this.#pending.clear()
    const index = { name: 'hook', value: this.#id }
    for await (const { body } of allDocuments((page) =>
      store.documents<PendingDelivery>(this.#tenant, DELIVERIES, { ...page, index }),
    ))
      this.#pending.set(body.id, body)
    const { cursor, done } = stored.body
    const filter = this.#record.kinds ? { kinds: this.#record.kinds } : {}
    const pruned = (): void => logger.error({ hook: this.#id }, 'events were removed before they were delivered')
    this.#reader = new EventReader(store, this.#tenant, filter, { cursor, done }, pruned)
  }

  /** Undefined when it was broken off. */
  async #send(id: string, message: WebhookMessage): Promise<Outcome | undefined> {
    const outcome = await this.#sender.send(id, message, this.#record)
    if (this.#closed) return undefined
    const pause = pauseAfter(this.#sender.failures)
    if (pause > 0) this.#pausedUntil = this.#parts.context.now() + pause
    return outcome
  }

  #soonest(): PendingDelivery | undefined {
    let soonest: PendingDelivery | undefined
    for (const one of this.#pending.values()) if (!soonest || one.dueAt < soonest.dueAt) soonest = one
    return soonest
  }

  async #tryFirst(event: Event): Promise<void> {
    const message = await this.#messageOf(event)
    if (!message) return this.#reader!.passed(event)
    const id = `${this.#id}.${event.position}`
    const outcome = await this.#send(id, message)
    if (!outcome) return
    this.#reader!.passed(event)
    if (isGood(outcome)) {
      this.#progress = { ...this.#progress, last: this.#lastOf(outcome) }
      if (++this.#unsaved >= UNSAVED) await this.#save({})
    } else await this.#keep({ id, hook: this.#id, message, tries: 0, dueAt: 0 }, outcome)
  }

  async #tryAgain(delivery: PendingDelivery): Promise<void> {
    const outcome = await this.#send(delivery.id, delivery.message)
    if (!outcome) return
    if (isGood(outcome)) await this.#drop(delivery, outcome)
    else await this.#keep(delivery, outcome)
  }

  /** Another try failed: there is a next one, or it is given up. */
  async #keep(delivery: PendingDelivery, outcome: Outcome): Promise<void> {
    const { chance, now, logger } = this.#parts.context
    const tries = delivery.tries + 1
    const wait = deliveryWait(tries, chance.next())
    if (wait === undefined) {
      logger.warn({ hook: this.#id, delivery: delivery.id, ...outcome }, 'a delivery is given up')
      return this.#drop(delivery, outcome)
    }
    const next = { ...delivery, tries, dueAt: now() + wait }
    const pending = this.#pending.size + (this.#pending.has(next.id) ? 0 : 1)
    await this.#save({ pending, last: this.#lastOf(outcome) }, [putDelivery(this.#tenant, next)])
    this.#pending.set(next.id, next)
  }

  async #drop({ id }: PendingDelivery, outcome: Outcome): Promise<void> {
    const gone = { kind: 'document.delete', tenant: this.#tenant, collection: DELIVERIES, key: id } as const
    await this.#save({ pending: this.#pending.size - 1, last: this.#lastOf(outcome) }, [gone])
    this.#pending.delete(id)
  }

  #lastOf(outcome: Outcome): NonNullable<HookProgress['last']> {
    return { at: this.#parts.context.now(), ...outcome }
  }

  async #save(change: Partial<HookProgress>, changes: readonly Change[] = []): Promise<void> {
    const next = { ...this.#progress, ...change, ...this.#reader!.place }
    const put = putProgress(this.#tenant, this.#id, next, this.#version)
    await this.#parts.context.store.commit([put, ...changes])
    this.#progress = next
    this.#version++
    this.#unsaved = 0
    this.#savedAt = this.#parts.context.now()
  }

  /** Undefined: the hook does not hear of this. */
  async #messageOf(event: Event): Promise<WebhookMessage | undefined> {
    const execution = await this.#executionOf(event)
    if (!fits(this.#record.labels, execution)) return undefined
    try {
      return this.#format(event, execution)
    } catch (error) {
      const facts = { hook: this.#id, position: event.position, error: String(error) }
      this.#parts.context.logger.error(facts, 'an event could not be formatted; it is not delivered')
      return undefined
    }
  }

  async #executionOf(event: Event): Promise<Execution | undefined> {
    const { roster, store } = this.#parts.context
    return roster.ofTenant(this.#tenant, event.execution) ?? store.execution(this.#tenant, event.execution)
  }
}

/** An execution that was removed has no labels any more. */
const fits = (labels: HookRecord['labels'], execution: Execution | undefined): boolean =>
  Object.entries(labels ?? {}).every(([name, value]) => execution?.submission.labels[name] === value)
