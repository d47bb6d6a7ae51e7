import type { AttemptId, Tenant } from '../../core/identity.ts'
import type { LogNotice, LogWriter } from '../../core/ports/log-store.ts'
import type { LogLimits } from '../../core/step-spec.ts'
import type { LogMessage } from './log-frames.ts'

/** How long lines may wait to be readable, ms, and how long they may wait for the disk. */
const FLUSH_MS = 10
const SYNC_MS = 1_000

/** What is stored of an attempt's log, as an extent: `LogStore.stored`. */
export type StoredLog = (tenant: Tenant, attempt: AttemptId) => string | undefined

/** The log writer and its clockwork: what is written is readable soon, and at once when an attempt ends. */
export class LogOutlet {
  readonly #writer: LogWriter
  readonly #tell: (notice: LogNotice) => void
  readonly #stored: StoredLog
  #flushTimer: NodeJS.Timeout | undefined
  #syncTimer: NodeJS.Timeout | undefined

  constructor(writer: LogWriter, tell: (notice: LogNotice) => void, stored: StoredLog) {
    this.#writer = writer
    this.#tell = tell
    this.#stored = stored
  }

  /** An earlier server followed this attempt: its output comes again, what is stored of it is not written twice. */
  resume(tenant: Tenant, attempt: AttemptId): void {
    const extent = this.#stored(tenant, attempt)
    if (extent !== undefined) this.#writer.resume?.(tenant, attempt, extent)
  }

  limit(tenant: Tenant, attempt: AttemptId, limits: LogLimits): void {
    this.#writer.limit(tenant, attempt, limits)
  }

  write(tenant: Tenant, attempt: AttemptId, { source, bytes, nanos }: LogMessage): void {
    this.#writer.write(tenant, attempt, source, bytes, Number(nanos / 1000n))
    this.#flushTimer ??= setTimeout(() => this.flush(), FLUSH_MS)
    this.#syncTimer ??= setTimeout(() => this.#sync(), SYNC_MS).unref()
  }

  /** The attempt's extent; its lines are readable. */
  end(tenant: Tenant, attempt: AttemptId): string {
    const extent = this.#writer.end(tenant, attempt)
    this.flush()
    return extent
  }

  flush(): void {
    clearTimeout(this.#flushTimer)
    this.#flushTimer = undefined
    const notice = this.#writer.flush()
    if (notice !== undefined) this.#tell(notice)
  }

  /** `kept`: what was written is flushed first. */
  close(kept: boolean): void {
    if (kept) this.flush()
    if (kept && this.#syncTimer !== undefined) this.#writer.sync()
    clearTimeout(this.#flushTimer)
    clearTimeout(this.#syncTimer)
  }

  #sync(): void {
    this.#syncTimer = undefined
    this.#writer.sync()
  }
}
