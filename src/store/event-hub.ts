import type { Event } from '../core/event.ts'

export type EventListener = (events: readonly Event[]) => void

/** Tells listeners of committed events, in order. A listener that throws harms neither the store nor the others. */
export class EventHub {
  readonly #listeners = new Set<EventListener>()

  get idle(): boolean {
    return this.#listeners.size === 0
  }

  subscribe(listener: EventListener): () => void {
    const own: EventListener = (events) => listener(events)
    this.#listeners.add(own)
    return () => this.#listeners.delete(own)
  }

  publish(events: readonly Event[]): void {
    if (events.length === 0) return
    for (const listener of this.#listeners) deliver(listener, events)
  }

  clear(): void {
    this.#listeners.clear()
  }
}

function deliver(listener: EventListener, events: readonly Event[]): void {
  try {
    listener(events)
  } catch (error) {
    // A listener's fault must be seen, but not by whoever happened to commit.
    queueMicrotask(() => {
      throw error
    })
  }
}
