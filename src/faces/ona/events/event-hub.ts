/**
 * What happened, to whom it may concern: one reader of the engine's events for each tenant that has a watcher, however
 * many watchers there are, and news of this face's own records.
 *
 * H1. What happens after `subscribe` returned reaches the subscriber, in order.
 * H2. One that does not read is cut off after `MOST_WAITING` news; it holds nobody up.
 * H3. When events can no longer be read, everybody is cut off: whoever asks again hears again.
 */

import type { Event } from '../../../core/event.ts'
import { isFinal } from '../../../core/execution.ts'
import type { Tenant } from '../../../core/identity.ts'
import type { Engine } from '../../../engine/engine.ts'
import { FACE } from '../auth.ts'
import { ResourceOperation, ResourceType } from '../gen/gitpod/v1/event_pb.js'

export interface News {
  readonly operation: ResourceOperation
  readonly resourceType: ResourceType
  readonly resourceId: string
  readonly environment: string
}

const MOST_WAITING = 10_000

const KINDS = [
  'execution.state',
  'execution.stopRequested',
  'step.state',
  'step.health',
  'step.outputs',
  'steps.appended',
] as const

export class EventHub {
  readonly #engine: Engine
  readonly #log: { error(o: object, m?: string): void }
  readonly #channels = new Map<Tenant, Channel>()

  constructor(engine: Engine, log: { error(o: object, m?: string): void }) {
    this.#engine = engine
    this.#log = log
  }

  tell(
    tenant: Tenant,
    environment: string,
    operation: ResourceOperation,
    resourceType: ResourceType,
    resourceId: string,
  ): void {
    this.#channels.get(tenant)?.tell({ operation, resourceType, resourceId, environment })
  }

  /** Ends with the signal, or when the reader is too slow. */
  subscribe(tenant: Tenant, signal: AbortSignal): AsyncIterable<News> {
    const channel = this.#channels.get(tenant) ?? this.#open(tenant)
    const listener = new Listener()
    channel.listeners.add(listener)
    const leave = (): void => {
      listener.end()
      channel.listeners.delete(listener)
      if (channel.listeners.size > 0) return
      channel.stop.abort()
      if (this.#channels.get(tenant) === channel) this.#channels.delete(tenant)
    }
    if (signal.aborted) leave()
    else signal.addEventListener('abort', leave, { once: true })
    return listener.read(leave)
  }

  #open(tenant: Tenant): Channel {
    const channel = new Channel()
    this.#channels.set(tenant, channel)
    void this.#pump(tenant, channel, this.#engine.cursor()).catch((error: unknown) => {
      if (channel.stop.signal.aborted) return
      this.#log.error({ err: error }, 'events could not be followed')
      // Who listens asks again, and is given a channel that works.
      if (this.#channels.get(tenant) === channel) this.#channels.delete(tenant)
      channel.end()
    })
    return channel
  }

  async #pump(tenant: Tenant, channel: Channel, cursor: string): Promise<void> {
    const watch = this.#engine.watch(tenant, cursor, { kinds: KINDS }, channel.stop.signal)
    for await (const { events } of watch) for (const event of latest(events)) await this.#relay(tenant, channel, event)
  }

  async #relay(tenant: Tenant, channel: Channel, event: Event): Promise<void> {
    const execution = await this.#engine.execution(tenant, event.execution).catch(() => undefined)
    if (execution?.submission.face !== FACE) return
    const { refs } = execution.submission
    const isNew = event.version === 1 && !isFinal(execution)
    const operation = isNew ? ResourceOperation.CREATE : ResourceOperation.UPDATE_STATUS
    const base = { environment: refs.environment ?? '' }
    if (refs.kind === 'task')
      channel.tell({ ...base, operation, resourceType: ResourceType.TASK_EXECUTION, resourceId: execution.id })
    if (refs.kind === 'service') {
      const update = ResourceOperation.UPDATE_STATUS
      channel.tell({ ...base, operation: update, resourceType: ResourceType.SERVICE, resourceId: refs.service ?? '' })
    }
  }
}

/** One piece of news per execution and version is enough: who is told looks for itself. */
function latest(events: readonly Event[]): Iterable<Event> {
  return new Map(events.map((event) => [`${event.execution} ${event.version}`, event])).values()
}

class Channel {
  readonly listeners = new Set<Listener>()
  readonly stop = new AbortController()

  tell(news: News): void {
    for (const listener of this.listeners) listener.hear(news)
  }

  end(): void {
    for (const listener of this.listeners) listener.end()
  }
}

class Listener {
  #waiting: News[] = []
  #wake: (() => void) | undefined
  #ended = false

  hear(news: News): void {
    this.#waiting.push(news)
    if (this.#waiting.length > MOST_WAITING) this.end()
    this.#wake?.()
  }

  end(): void {
    this.#ended = true
    this.#wake?.()
  }

  async *read(leave: () => void): AsyncIterable<News> {
    try {
      while (!this.#ended) {
        const batch = this.#waiting
        this.#waiting = []
        yield* batch
        if (this.#waiting.length > 0 || this.#ended) continue
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    } finally {
      leave()
    }
  }
}
