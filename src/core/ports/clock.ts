import type { ExecutionId } from '../identity.ts'
import type { Instant } from '../instant.ts'

/** The only source of time in core, scheduler and engine. Created in `server/`; a fake one in tests. */
export interface Clock {
  now(): Instant
}

/** Wakes someone up. One-shot; the callback must not throw. */
export interface Alarms {
  at(instant: Instant, ring: () => void): { cancel(): void }
}

/** Where ids come from: UUIDs of version 7, rising within a process. */
export interface Ids {
  execution(): ExecutionId
  /** For things that are not executions: documents, tokens' public parts. */
  other(): string
}

/** Chance: uniform in [0, 1). Seeded in simulations. */
export interface Chance {
  next(): number
}
