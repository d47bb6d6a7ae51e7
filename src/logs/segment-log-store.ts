/**
 * The log store of a server: reads what writers (cells) append to segments in one directory, follows, keeps notes, and
 * removes what is old. One store to a directory; writers are other processes, heard through `noticed`.
 *
 * K1. Only indexed frames are shown; indexing, notes and the opening of a log each happen within one turn. With
 *     attempt-log.ts this keeps L1 under concurrency and over crashes.
 * K2. A follower checks and waits in one turn, so no notice is missed; nothing polls.
 * K3. The tenant is part of the key that frames and indexes hold: another tenant's attempt reads like one that never was.
 * K4. A segment is changed (cut, sealed, removed, written again) only when its writer is known to be done with it.
 */
import { mkdirSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import type { AttemptId, Tenant } from '../core/identity.ts'
import type { Micros } from '../core/instant.ts'
import type { LogFrom, LogLine, LogNotice, LogPage, LogStore } from '../core/ports/log-store.ts'
import { AttemptLogs, type OpenLog } from './attempt-logs.ts'
import { type FrameHead, type FrameKey, frameKeyOf } from './frame.ts'
import { type Appended, NoteFile } from './note-file.ts'
import { Retention } from './retention.ts'
import type { Segment } from './segment.ts'
import { printExtent } from './segment-names.ts'
import { SegmentSet } from './segment-set.ts'

const FOLLOW_LINES = 1_000
/** Looking for an attempt in a hundred segments takes some 0.3 ms. */
const FORGET_BATCH = 16

export interface SegmentLogOptions {
  readonly directory: string
  readonly now: () => Micros
  /** Sealed segments whose last line is older are removed. Default: kept. */
  readonly maxAgeMs?: number
  /** Beyond it the oldest sealed segments are removed. Default: no limit. */
  readonly maxBytes?: number
  readonly segmentBytes?: number
  readonly segmentAgeMs?: number
}

export class SegmentLogStore implements LogStore {
  readonly #now: () => Micros
  readonly #segments: SegmentSet
  readonly #logs: AttemptLogs
  readonly #notes: NoteFile
  readonly #retention: Retention
  readonly #closing = new AbortController()
  /** Logs with notes that wait for room on the disk. */
  readonly #waiting = new Set<OpenLog>()
  #saving: Promise<void> = Promise.resolve()

  /** Reads the directory, which is made if absent. */
  static async open(options: SegmentLogOptions): Promise<SegmentLogStore> {
    mkdirSync(options.directory, { recursive: true, mode: 0o700 })
    const segments = new SegmentSet(options.directory)
    await segments.load()
    for (const segment of segments.notes()) await endNotes(segments, segment)
    const store = new SegmentLogStore(options, segments, await nextRun(options.directory))
    await store.#saveIndexes([...segments])
    return store
  }

  private constructor(options: SegmentLogOptions, segments: SegmentSet, run: number) {
    const age = (options.segmentAgeMs ?? 86_400_000) * 1_000
    this.#now = options.now
    this.#segments = segments
    this.#logs = new AttemptLogs(segments)
    this.#notes = new NoteFile(options.directory, run, options.segmentBytes ?? 67_108_864, age)
    this.#retention = new Retention(segments, this.#logs, options)
  }

  /** A writer has appended. The indexing is done when this returns. */
  noticed(notice: LogNotice): void {
    const sealed: Segment[] = []
    for (const { segment: name, size } of [notice, ...(notice.also ?? [])]) {
      const segment = this.#index(name, size)
      if (segment?.sealed && !segment.indexed) sealed.push(segment)
    }
    if (sealed.length > 0) void this.#saveIndexes(sealed)
  }

  /** The way to the writer is open (again): what it appended meanwhile is indexed. */
  async writerConnected(writerId: string): Promise<void> {
    await this.#saveIndexes(await this.#indexWriter(writerId))
  }

  /** The writer is dead or done: what it left open is read to its end, cut where torn and sealed. */
  async writerEnded(writerId: string): Promise<void> {
    const segments = await this.#indexWriter(writerId)
    for (const segment of segments) segment.cutAndSeal()
    await this.#saveIndexes(segments)
    await this.#segments.removeReserve(writerId)
  }

  async read(tenant: Tenant, attempt: AttemptId, from: LogFrom, limit: number, extent?: string): Promise<LogPage> {
    const { reader } = this.#logs.of(frameKeyOf(tenant, attempt), extent)
    const place = await reader.placeOf(from)
    return reader.page(place, limit)
  }

  async *follow(
    tenant: Tenant,
    attempt: AttemptId,
    from: LogFrom,
    signal: AbortSignal,
    extent?: string,
  ): AsyncIterable<readonly LogLine[]> {
    const { log, reader } = this.#logs.of(frameKeyOf(tenant, attempt), extent)
    const stop = AbortSignal.any([signal, this.#closing.signal])
    log.pins++
    try {
      let place = await reader.placeOf(from)
      while (!stop.aborted) {
        const page = await reader.page(place, FOLLOW_LINES)
        place = page.next
        if (page.lines.length > 0) yield page.lines
        if (page.end) return
        if (page.lines.length === 0 && !log.hasAfter(place)) await log.wakeUps.wait(stop)
      }
    } finally {
      log.pins--
    }
  }

  async note(tenant: Tenant, attempt: AttemptId, text: string): Promise<void> {
    const open = this.#logs.of(frameKeyOf(tenant, attempt), undefined)
    for (const line of text.split('\n')) this.#note(open, Buffer.from(line))
  }

  ended(tenant: Tenant, attempt: AttemptId, extent?: string): void {
    const known = this.#logs.known(frameKeyOf(tenant, attempt))
    if (known) this.#logs.of(known.log.key, extent ?? '0')
  }

  stored(tenant: Tenant, attempt: AttemptId): string | undefined {
    const { log } = this.#logs.of(frameKeyOf(tenant, attempt), undefined)
    if (log.runs.length === 0) return undefined
    return printExtent({ lines: log.lines, segments: log.runs.map(({ segment }) => segment.name) })
  }

  async forget(tenant: Tenant, attempts: readonly AttemptId[]): Promise<void> {
    let any = false
    for (const [index, attempt] of attempts.entries()) {
      if (index % FORGET_BATCH === FORGET_BATCH - 1) await new Promise((resolve) => setImmediate(resolve))
      const { log } = this.#logs.of(frameKeyOf(tenant, attempt), undefined)
      if (log.forgotten || (log.runs.length === 0 && log.notes.length === 0)) continue
      this.#append(log.key, { ...TOMBSTONE, at: this.#now() })
      log.forget()
      await this.#retention.markDead(log)
      any = true
    }
    if (any) await this.#retention.removeDead()
  }

  async sweep(now: Micros): Promise<{ readonly segments: number; readonly bytes: number }> {
    this.#retryNotes()
    await this.#saveIndexes([...this.#segments])
    return this.#retention.sweep(now)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    const sealed = this.#notes.close(this.#now())
    if (sealed) this.noticed(sealed)
    await this.#saving
    this.#segments.handles.close()
  }

  /** A file that cannot be read now is read with the next notice of it, or when its attempt's extent names it. */
  #index(name: string, size: number): Segment | undefined {
    try {
      const segment = this.#segments.find(name)
      if (segment) this.#logs.catchUp(segment, size, false)
      return segment
    } catch {
      return undefined
    }
  }

  async #indexWriter(writerId: string): Promise<Segment[]> {
    const segments = await this.#segments.ofWriter(writerId)
    for (const segment of segments) this.#logs.catchUp(segment, segment.fileSize(), true)
    return segments
  }

  #note(open: OpenLog, bytes: Buffer): void {
    const note = open.log.nextNote(this.#now(), bytes)
    const { anchor, ordinal, at } = note
    const head: FrameHead = { kind: 'note', ending: 'whole', lines: 1, at, firstSeq: anchor, ordinal }
    const appended = this.#append(open.log.key, head, bytes)
    open.log.addNote(note)
    if (appended.waiting) this.#pin(open)
  }

  #append(key: FrameKey, head: FrameHead, payload?: Buffer): Appended {
    const appended = this.#notes.append(key, head, this.#now(), payload)
    if (appended.sealed) this.noticed(appended.sealed)
    if (appended.size > 0) this.noticed(appended)
    return appended
  }

  #pin(open: OpenLog): void {
    if (this.#waiting.has(open)) return
    this.#waiting.add(open)
    open.log.pins++
  }

  #retryNotes(): void {
    const appended = this.#notes.retry()
    if (appended && appended.size > 0) this.noticed(appended)
    if (appended?.waiting) return
    for (const { log } of this.#waiting) log.pins--
    this.#waiting.clear()
  }

  /** One after the other; a failed one is tried again by the next sweep. */
  #saveIndexes(segments: readonly Segment[]): Promise<void> {
    this.#saving = this.#saving.then(async () => {
      for (const segment of segments) await segment.saveIndex().catch(() => undefined)
    })
    return this.#saving
  }
}

const TOMBSTONE = { kind: 'forgotten', ending: 'whole', lines: 0, firstSeq: 0, ordinal: 0 } as const

/** An earlier server's: it is dead, since there is one to a directory. */
async function endNotes(segments: SegmentSet, segment: Segment): Promise<void> {
  segment.cutAndSeal()
  await segments.removeReserve(segment.name.slice(0, segment.name.lastIndexOf('-')))
}

/** Notes of earlier servers keep their names: this one's begin with the next number. */
async function nextRun(directory: string): Promise<number> {
  const runs = (await readdir(directory)).map((file) => Number(/^notes-(\d+)[-.]/.exec(file)?.[1] ?? -1))
  return Math.max(-1, ...runs) + 1
}
