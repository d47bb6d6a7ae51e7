/**
 * Logs of attempts: append, tail, replay. A log is a sequence of lines over stdout, stderr and system together.
 *
 * L1. A line's `seq` rises by one per line of its attempt and never changes: it is the resume point.
 * L2. What was readable once stays readable until retention or `forget` removes it, and removal is visible (`gap`).
 * L3. Followers get every line once, in order, without polling.
 * L4. Writing never blocks or fails a program: over a limit or on a full disk lines are dropped and a system line says how many.
 */
import type { AttemptId, Tenant } from '../identity.ts'
import type { Micros } from '../instant.ts'
import type { LogLimits } from '../step-spec.ts'

export type LogSource = 'stdout' | 'stderr' | 'system'

export interface LogLine {
  readonly seq: number
  /** When it arrived. */
  readonly at: Micros
  readonly source: LogSource
  /** Without its end of line. Any bytes. */
  readonly bytes: Uint8Array
  /** The line was longer than the limit and goes on in the next line of this source. */
  readonly split?: boolean
  /** The program ended without an end of line here. */
  readonly partial?: boolean
}

/** Where to begin. Default: the beginning. */
export type LogFrom = { readonly seq: number } | { readonly since: Micros } | { readonly last: number } | undefined

export interface LogPage {
  readonly lines: readonly LogLine[]
  /** Pass as `{seq}` for what comes next. */
  readonly next: number
  /** Lines before the first one were removed by retention or dropped. */
  readonly gap?: boolean
  /** The attempt has ended and nothing follows. */
  readonly end: boolean
}

export interface LogStore {
  /** At most `limit` lines. `extent` is the attempt's `log` field, once its exit was committed; speeds up old logs. */
  read(tenant: Tenant, attempt: AttemptId, from: LogFrom, limit: number, extent?: string): Promise<LogPage>
  /** Replays from `from`, then follows until the attempt's log ends or `signal` aborts. */
  follow(
    tenant: Tenant,
    attempt: AttemptId,
    from: LogFrom,
    signal: AbortSignal,
    extent?: string,
  ): AsyncIterable<readonly LogLine[]>
  /** A line of source `system`, from the engine. Resolves when readable. */
  note(tenant: Tenant, attempt: AttemptId, text: string): Promise<void>
  /**
   * The exit of the attempt was committed with this extent: nothing follows, its followers finish. Needed for the silent
   * attempt, which costs its writer nothing, and for the one whose writer died. Idempotent.
   */
  ended(tenant: Tenant, attempt: AttemptId, extent?: string): void
  /**
   * What is readable of an attempt whose writer died, as an extent: for `LogWriter.resume` of the one that writes on.
   * Undefined: nothing. Only where a writer's death does not end its attempts.
   */
  stored?(tenant: Tenant, attempt: AttemptId): string | undefined
  /** Removes the logs of attempts for good. */
  forget(tenant: Tenant, attempts: readonly AttemptId[]): Promise<void>
  /** One round of retention by age and size; what it removed. */
  sweep(now: Micros): Promise<{ readonly segments: number; readonly bytes: number }>
  close(): Promise<void>
}

/**
 * The writing side, held by whoever holds a program's pipes (a cell, the docker executor). Synchronous, because a cell
 * has no event loop; must not throw for want of space.
 */
export interface LogWriter {
  /** Limits of one attempt, before its first write. */
  limit(tenant: Tenant, attempt: AttemptId, limits: LogLimits): void
  /**
   * Before its first write: the attempt's output comes again from its beginning, in the same pieces and with the same
   * times, because its first writer died. Lines that `extent` counts get their numbers but are not written again.
   */
  resume?(tenant: Tenant, attempt: AttemptId, extent: string): void
  /** Raw output as read: splits into lines, numbers them, buffers; readable after `flush`. */
  write(tenant: Tenant, attempt: AttemptId, source: LogSource, bytes: Uint8Array, at: Micros): void
  /** No more output; returns the attempt's extent for its exit. */
  end(tenant: Tenant, attempt: AttemptId): string
  /** Hands buffered frames to the file; returns what a reader must be told, undefined if there was nothing. */
  flush(): LogNotice | undefined
  /** fdatasync, about once a second. */
  sync(): void
}

/** Sent by a writer to the reader in another process: new frames lie in `segment` up to `size`. */
export interface LogNotice {
  readonly segment: string
  readonly size: number
  /** Other segments of the same flush. */
  readonly also?: readonly LogNotice[]
}
