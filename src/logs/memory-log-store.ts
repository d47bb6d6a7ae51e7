/**
 * Logs kept in memory, for simulations and tests of the engine. It obeys the same rules as the segment store, except
 * that nothing survives the process. The writer's output is readable after `flush`, as elsewhere.
 */
import type { AttemptId, Tenant } from '../core/identity.ts'
import type { Micros } from '../core/instant.ts'
import type { LogFrom, LogLine, LogPage, LogStore, LogWriter } from '../core/ports/log-store.ts'
import type { LogLimits } from '../core/step-spec.ts'
import { AttemptOutput, type OutputFrame } from './attempt-output.ts'
import { linesOfRun } from './frame-lines.ts'
import { WakeUps } from './wake-ups.ts'

export interface MemoryLogOptions {
  readonly now: () => Micros
  readonly maxLineBytes?: number
  /** Logs that ended longer ago are swept. */
  readonly maxAgeMs?: number
}

interface MemoryLog {
  readonly lines: LogLine[]
  readonly wakeUps: WakeUps
  output?: AttemptOutput
  limits?: LogLimits
  unflushed: (() => void)[]
  ended: boolean
  lastAt: Micros
  /** Lines removed from the front. */
  removed: number
}

export class MemoryLogStore implements LogStore {
  readonly writer: LogWriter
  readonly #options: MemoryLogOptions
  readonly #logs = new Map<string, MemoryLog>()
  readonly #touched = new Set<MemoryLog>()

  constructor(options: MemoryLogOptions) {
    this.#options = options
    this.writer = {
      limit: (tenant, attempt, limits) => {
        this.#logOf(tenant, attempt).limits = limits
      },
      write: (tenant, attempt, source, bytes, at) => this.#output(tenant, attempt).write(source, bytes, at),
      end: (tenant, attempt) => this.#end(tenant, attempt),
      flush: () => this.#flush(),
      sync: () => undefined,
    }
  }

  async read(tenant: Tenant, attempt: AttemptId, from: LogFrom, limit: number, extent?: string): Promise<LogPage> {
    const log = this.#logs.get(keyOf(tenant, attempt))
    if (!log) return { lines: [], next: from && 'seq' in from ? from.seq : 0, end: extent !== undefined }
    const wanted = positionOf(log, from)
    const start = Math.max(wanted, log.removed)
    const lines = log.lines.slice(start - log.removed, start - log.removed + limit)
    const next = start + lines.length
    const end = (log.ended || extent !== undefined) && next >= log.removed + log.lines.length
    return start > wanted ? { lines, next, end, gap: true } : { lines, next, end }
  }

  async *follow(
    tenant: Tenant,
    attempt: AttemptId,
    from: LogFrom,
    signal: AbortSignal,
    extent?: string,
  ): AsyncIterable<readonly LogLine[]> {
    const log = this.#logOf(tenant, attempt)
    let at = positionOf(log, from)
    while (!signal.aborted) {
      const page = await this.read(tenant, attempt, { seq: at }, 1_000, extent)
      at = page.next
      if (page.lines.length > 0) yield page.lines
      if (page.end) return
      if (page.lines.length === 0 && at >= log.removed + log.lines.length && !log.ended) await log.wakeUps.wait(signal)
    }
  }

  async note(tenant: Tenant, attempt: AttemptId, text: string): Promise<void> {
    const log = this.#logOf(tenant, attempt)
    const at = Math.max(log.lastAt, this.#options.now())
    for (const line of text.split('\n')) {
      log.lines.push({ seq: log.removed + log.lines.length, at, source: 'system', bytes: Buffer.from(line) })
    }
    log.wakeUps.ring()
  }

  ended(tenant: Tenant, attempt: AttemptId): void {
    const log = this.#logOf(tenant, attempt)
    log.ended = true
    log.wakeUps.ring()
  }

  async forget(tenant: Tenant, attempts: readonly AttemptId[]): Promise<void> {
    for (const attempt of attempts) this.#remove(this.#logs.get(keyOf(tenant, attempt)))
  }

  async sweep(now: Micros): Promise<{ segments: number; bytes: number }> {
    const before = now - (this.#options.maxAgeMs ?? Number.POSITIVE_INFINITY) * 1_000
    const old = [...this.#logs.values()].filter((log) => log.ended && log.lastAt < before && log.lines.length > 0)
    const bytes = old.reduce((sum, log) => sum + log.lines.reduce((all, line) => all + line.bytes.length, 0), 0)
    for (const log of old) this.#remove(log)
    return { segments: old.length, bytes }
  }

  async close(): Promise<void> {
    for (const log of this.#logs.values()) {
      log.ended = true
      log.wakeUps.ring()
    }
  }

  #remove(log: MemoryLog | undefined): void {
    if (!log) return
    log.removed += log.lines.length
    log.lines.length = 0
  }

  #end(tenant: Tenant, attempt: AttemptId): string {
    const log = this.#logs.get(keyOf(tenant, attempt))
    if (!log?.output) return '0'
    log.output.end()
    this.#touched.add(log)
    log.unflushed.push(() => {
      log.ended = true
    })
    return String(log.output.lines)
  }

  #flush(): undefined {
    for (const log of this.#touched) {
      for (const publish of log.unflushed.splice(0)) publish()
      log.wakeUps.ring()
    }
    this.#touched.clear()
  }

  #output(tenant: Tenant, attempt: AttemptId): AttemptOutput {
    const log = this.#logOf(tenant, attempt)
    if (log.output) return log.output
    const sink = { accepting: true, frame: (frame: OutputFrame) => this.#take(log, frame) }
    log.output = new AttemptOutput(sink, this.#options.maxLineBytes ?? 262_144, log.limits)
    return log.output
  }

  #take(log: MemoryLog, frame: OutputFrame): void {
    const run = { ...frame, payload: Buffer.concat([frame.head, frame.body]) }
    this.#touched.add(log)
    log.unflushed.push(() => {
      log.lines.push(...linesOfRun(run, log.removed + log.lines.length, 0, run.lines))
      log.lastAt = Math.max(log.lastAt, run.at)
    })
  }

  #logOf(tenant: Tenant, attempt: AttemptId): MemoryLog {
    const key = keyOf(tenant, attempt)
    const known = this.#logs.get(key)
    if (known) return known
    const log = { lines: [], wakeUps: new WakeUps(), unflushed: [], ended: false, lastAt: 0, removed: 0 }
    this.#logs.set(key, log)
    return log
  }
}

const keyOf = (tenant: Tenant, attempt: AttemptId): string => `${tenant}\0${attempt}`

function positionOf(log: MemoryLog, from: LogFrom): number {
  if (!from) return 0
  if ('seq' in from) return from.seq
  if ('last' in from) return Math.max(0, log.removed + log.lines.length - from.last)
  const index = log.lines.findIndex((line) => line.at >= from.since)
  return log.removed + (index === -1 ? log.lines.length : index)
}
