/** How much a page of events holds at most. CloudWatch: 10,000 events and 1 MB, with 26 bytes counted for each event. */
const MAX_EVENTS = 10_000
const MAX_BYTES = 1_048_576
const EVENT_OVERHEAD = 26

/** Collects the events of one reply. */
export class EventPage<E extends { readonly message: string }> {
  readonly events: E[] = []
  readonly #limit: number
  #bytes = 0

  constructor(limit = MAX_EVENTS) {
    this.#limit = limit
  }

  /** False when it is full; the event is then not in it. One event always fits. */
  takes(event: E): boolean {
    const bytes = Buffer.byteLength(event.message) + EVENT_OVERHEAD
    if (this.events.length >= this.#limit || (this.events.length > 0 && this.#bytes + bytes > MAX_BYTES)) return false
    this.#bytes += bytes
    this.events.push(event)
    return true
  }
}
