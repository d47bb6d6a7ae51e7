/**
 * The outbox: tells webhooks what happened. Each active hook has a lane of its own (hook-lane.ts); a commit that appends
 * events wakes the lanes concerned.
 *
 * O1. At least once: an event that a hook wants is delivered, or tried `MOST_TRIES` times, across crashes.
 * O2. A tick reads hooks and wakes lanes; it never waits for a receiver.
 */
import type { Event } from '../core/event.ts'
import type { Instant } from '../core/instant.ts'
import type { Deliver } from '../core/ports/deliver.ts'
import type { Document } from '../core/ports/store.ts'
import { allDocuments } from './all-documents.ts'
import type { Context } from './context.ts'
import { Gate } from './gate.ts'
import { HookLane } from './hook-lane.ts'
import { HOOKS, type HookRecord } from './hook-records.ts'
import type { SenderParts } from './hook-sender.ts'
import type { TickedService } from './ticked-service.ts'
import { findFormat, type WebhookFormats } from './webhook-format.ts'

/** Requests under way at a time, over all hooks. */
const REQUESTS = 32
/** How often lanes that nothing concerned move along with the events, ms. */
const ROUND_MS = 3_600_000

export const outboxService = (context: Context, deliver: Deliver, formats: WebhookFormats): OutboxService =>
  new OutboxService(context, deliver, formats)

export class OutboxService implements TickedService {
  readonly name = 'outbox'
  readonly #parts: SenderParts
  readonly #formats: WebhookFormats
  readonly #lanes = new Map<string, HookLane>()
  #read = false
  #stopped = false
  #unsubscribe: (() => void) | undefined

  constructor(context: Context, deliver: Deliver, formats: WebhookFormats) {
    this.#parts = { context, deliver, gate: new Gate(REQUESTS) }
    this.#formats = formats
  }

  /** Hooks were set or removed. A tick should follow. */
  changed(): void {
    this.#read = false
  }

  async tick(now: Instant): Promise<{ readonly did: number; readonly nextAt?: Instant }> {
    if (this.#stopped) return { did: 0 }
    this.#unsubscribe ??= this.#parts.context.store.onEvents((events) => this.#wakeConcerned(events))
    if (!this.#read) await this.#readHooks()
    for (const lane of this.#lanes.values()) lane.wake()
    return this.#lanes.size === 0 ? { did: 0 } : { did: this.#lanes.size, nextAt: now + ROUND_MS }
  }

  /** Breaks off what is under way: it is tried again after the next start. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#unsubscribe?.()
    await Promise.all([...this.#lanes.values()].map((lane) => lane.close()))
  }

  #wakeConcerned(events: readonly Event[]): void {
    for (const lane of this.#lanes.values()) if (events.some((e) => lane.concerns(e))) lane.wake()
  }

  async #readHooks(): Promise<void> {
    this.#read = true
    const present = new Set<string>()
    try {
      const { system } = this.#parts.context.store
      for await (const hook of allDocuments((page) => system.documents<HookRecord>(HOOKS, page)))
        if (hook.body.active && this.#open(hook)) present.add(hook.key)
    } catch (error) {
      this.#read = false
      throw error
    }
    for (const [id, lane] of this.#lanes) {
      if (present.has(id)) continue
      this.#lanes.delete(id)
      void lane.close()
    }
  }

  /** False when nobody knows its format any more. */
  #open({ tenant, key, body }: Document<HookRecord>): boolean {
    const format = findFormat(this.#formats, body.format)
    if (!format) {
      const facts = { tenant, hook: key, format: body.format }
      this.#parts.context.logger.warn(facts, 'a webhook has a format that nobody offers; nothing is delivered to it')
      return false
    }
    const lane = this.#lanes.get(key)
    if (lane) lane.configure(body, format)
    else this.#lanes.set(key, new HookLane(this.#parts, tenant, key, body, format))
    return true
  }
}
