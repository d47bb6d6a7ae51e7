import type { Event } from '../core/event.ts'
import type { Tenant } from '../core/identity.ts'
import type { EventFilter, EventPage } from '../core/ports/store.ts'
import type { Context } from './context.ts'

/** Read from the store in pages of this many until the present is reached. */
const PAGE = 500

/**
 * Follows a tenant's events. Catches up from the store, then is woken by commits: nothing is polled. A watcher that
 * falls behind simply reads a longer stretch from the store, so a slow one costs the engine no memory.
 */
export async function* watch(
  context: Context,
  tenant: Tenant,
  after: string | undefined,
  filter: EventFilter,
  signal: AbortSignal,
): AsyncIterable<EventPage> {
  let cursor = after ?? context.store.cursor()
  const bell = new Bell()
  const unsubscribe = context.store.onEvents((events) => {
    if (events.some((e) => concerns(e, tenant, filter))) bell.ring()
  })
  signal.addEventListener('abort', () => bell.ring(), { once: true })
  try {
    while (!signal.aborted) {
      const page = await context.store.events(tenant, cursor, filter, PAGE)
      cursor = page.cursor
      if (page.events.length > 0) yield page
      if (page.events.length < PAGE) await bell.rung()
    }
  } finally {
    unsubscribe()
  }
}

function concerns(event: Event, tenant: Tenant, filter: EventFilter): boolean {
  if (event.tenant !== tenant) return false
  if (filter.execution !== undefined && event.execution !== filter.execution) return false
  return filter.kinds === undefined || filter.kinds.includes(event.transition.kind)
}

/** Remembers that it rang while nobody listened. */
class Bell {
  #rang = false
  #wake: (() => void) | undefined

  ring(): void {
    this.#rang = true
    this.#wake?.()
  }

  async rung(): Promise<void> {
    if (!this.#rang)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    this.#rang = false
    this.#wake = undefined
  }
}
