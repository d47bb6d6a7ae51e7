/**
 * The writing side of the segment store, as a cell holds it: synchronous, no timers, no promises. Owns the files
 * `<writer>-*.seg` and `<writer>.reserve` of its directory; nobody else writes them.
 *
 * W1. An attempt is written by one writer, or by the next once that one is dead (`resume`). A writer's id is used by one
 *     process, once.
 * W2. A silent attempt costs no file operation and no file; one that prints a line costs part of a shared append.
 * W3. An attempt beyond `ownAfterBytes`, or spread over `MAX_SHARED` files, gets files of its own.
 * W4. Files are sealed when full or old, and at `close`; a file without a seal belongs to a living or a dead writer.
 * W5. No call throws for want of space: lines are dropped and counted, system lines wait in memory for room.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { AttemptId, Tenant } from '../core/identity.ts'
import type { Micros } from '../core/instant.ts'
import type { LogNotice, LogSource, LogWriter } from '../core/ports/log-store.ts'
import type { LogLimits } from '../core/step-spec.ts'
import { AttemptOutput, type FrameSink, type OutputFrame } from './attempt-output.ts'
import { DiskRoom } from './disk-room.ts'
import { type FrameHead, type FrameKey, frameKeyOf } from './frame.ts'
import { SegmentFile } from './segment-file.ts'
import { parseExtent, printExtent, RESERVE_SUFFIX, SEGMENT_SUFFIX } from './segment-names.ts'

const MAX_SHARED = 16
const SHARED_BUFFER_BYTES = 131_072
const OWN_BUFFER_BYTES = 16_384

export interface SegmentWriterOptions {
  /** Must exist. */
  readonly directory: string
  /** Letters, digits, `.`, `_`, `-`; never used before in this directory. */
  readonly writerId: string
  readonly segmentBytes?: number
  readonly ownAfterBytes?: number
  readonly maxLineBytes?: number
  /** A shared file is sealed when its first frame is older. */
  readonly segmentAgeMs?: number
  /** For attempts without limits of their own. */
  readonly limits?: LogLimits
}

export class SegmentWriter implements LogWriter {
  readonly #directory: string
  readonly #writerId: string
  readonly #segmentBytes: number
  readonly #ownAfterBytes: number
  readonly #maxLineBytes: number
  readonly #segmentAge: Micros
  readonly #limits: LogLimits | undefined
  readonly #room: DiskRoom
  readonly #attempts = new Map<string, OpenAttempt>()
  readonly #limitsOf = new Map<string, LogLimits>()
  readonly #live = new Set<SegmentFile>()
  readonly #touched = new Set<SegmentFile>()
  /** Files whose seal waits for room. */
  readonly #toSeal = new Map<SegmentFile, Micros>()
  #shared: SegmentFile | undefined
  #sharedCount = 0
  #ownCount = 0

  constructor(options: SegmentWriterOptions) {
    this.#directory = options.directory
    this.#writerId = options.writerId
    this.#segmentBytes = options.segmentBytes ?? 67_108_864
    this.#ownAfterBytes = options.ownAfterBytes ?? 1_048_576
    this.#maxLineBytes = options.maxLineBytes ?? 262_144
    this.#segmentAge = (options.segmentAgeMs ?? 86_400_000) * 1_000
    this.#limits = options.limits
    this.#room = new DiskRoom(join(options.directory, options.writerId + RESERVE_SUFFIX))
  }

  limit(tenant: Tenant, attempt: AttemptId, limits: LogLimits): void {
    this.#limitsOf.set(`${tenant}\0${attempt}`, limits)
  }

  resume(tenant: Tenant, attempt: AttemptId, extent: string): void {
    const stored = parseExtent(extent)
    if (!stored || stored.lines === 0) return
    const open = this.#openAttempt(tenant, attempt)
    open.output.resume(stored.lines)
    open.segments.push(...stored.segments)
  }

  write(tenant: Tenant, attempt: AttemptId, source: LogSource, bytes: Uint8Array, at: Micros): void {
    if (bytes.length > 0) this.#openAttempt(tenant, attempt).output.write(source, bytes, at)
  }

  end(tenant: Tenant, attempt: AttemptId): string {
    const name = `${tenant}\0${attempt}`
    const open = this.#attempts.get(name)
    this.#limitsOf.delete(name)
    if (!open) return '0'
    this.#attempts.delete(name)
    open.output.end()
    const { lines, lastAt } = open.output
    this.append(open, { kind: 'end', ending: 'whole', lines: 0, at: lastAt, firstSeq: lines, ordinal: 0 })
    if (open.own) this.#seal(open.own, lastAt)
    return printExtent({ lines, segments: open.segments })
  }

  flush(): LogNotice | undefined {
    for (const file of this.#live) file.drain()
    if (this.#room.full) this.#room.take()
    if (!this.#room.full && this.#toSeal.size > 0) this.#sealWaiting()
    const notices = [...this.#touched].map((file) => ({ segment: file.name, size: file.written }))
    this.#touched.clear()
    const [first, ...also] = notices.filter((notice) => notice.size > 0)
    if (!first) return undefined
    return also.length > 0 ? { ...first, also } : first
  }

  sync(): void {
    for (const file of this.#live) file.sync()
  }

  /** Seals what is open. The writer is used no more; attempts that did not end have no end in the log. */
  close(at: Micros): LogNotice | undefined {
    for (const file of this.#live) this.#seal(file, at)
    this.#shared = undefined
    const notice = this.flush()
    this.#room.close()
    return notice
  }

  /** @internal */
  get accepting(): boolean {
    return !this.#room.full
  }

  /** @internal Puts one frame where the attempt's frames go at present. */
  append(attempt: OpenAttempt, head: FrameHead, first?: Buffer, second?: Buffer): void {
    const file = this.#fileFor(attempt, head.at)
    if (attempt.segments.at(-1) !== file.name) attempt.segments.push(file.name)
    const before = file.size
    file.append(attempt.key, head, first, second)
    attempt.bytes += file.size - before
    this.#touched.add(file)
  }

  #openAttempt(tenant: Tenant, attempt: AttemptId): OpenAttempt {
    const name = `${tenant}\0${attempt}`
    const known = this.#attempts.get(name)
    if (known) return known
    const limits = this.#limitsOf.get(name) ?? this.#limits
    const open = new OpenAttempt(this, frameKeyOf(tenant, attempt), this.#maxLineBytes, limits)
    this.#attempts.set(name, open)
    return open
  }

  #fileFor(attempt: OpenAttempt, at: Micros): SegmentFile {
    const wantsOwn = attempt.own || attempt.bytes > this.#ownAfterBytes || attempt.segments.length >= MAX_SHARED
    if (!wantsOwn) return this.#sharedFile(at)
    if (attempt.own && !this.#isFull(attempt.own, at)) return attempt.own
    if (attempt.own) this.#seal(attempt.own, at)
    else attempt.ownPrefix = `${this.#writerId}-o${this.#ownCount++}`
    attempt.own = this.#create(`${attempt.ownPrefix}-${attempt.ownFiles++}`, OWN_BUFFER_BYTES, at)
    return attempt.own
  }

  #sharedFile(at: Micros): SegmentFile {
    if (this.#shared && !this.#isFull(this.#shared, at)) return this.#shared
    if (this.#shared) this.#seal(this.#shared, at)
    while (existsSync(this.#pathOf(`${this.#writerId}-${this.#sharedCount}`))) this.#sharedCount++
    this.#shared = this.#create(`${this.#writerId}-${this.#sharedCount++}`, SHARED_BUFFER_BYTES, at)
    return this.#shared
  }

  /** While the disk is full files are not changed: what waits in one could not be sealed. */
  #isFull(file: SegmentFile, at: Micros): boolean {
    return !this.#room.full && (file.size >= this.#segmentBytes || at - file.since > this.#segmentAge)
  }

  #create(name: string, bufferBytes: number, at: Micros): SegmentFile {
    if (this.#live.size === 0 && !this.#room.full) this.#room.take()
    const file = new SegmentFile(name, this.#pathOf(name), this.#room, bufferBytes, at)
    this.#live.add(file)
    return file
  }

  #seal(file: SegmentFile, at: Micros): void {
    this.#touched.add(file)
    if (file.seal(at)) this.#live.delete(file)
    else this.#toSeal.set(file, at)
  }

  #sealWaiting(): void {
    const waiting = [...this.#toSeal]
    this.#toSeal.clear()
    for (const [file, at] of waiting) this.#seal(file, at)
  }

  #pathOf(name: string): string {
    return join(this.#directory, name + SEGMENT_SUFFIX)
  }
}

/** @internal An attempt that has printed and not ended. */
class OpenAttempt implements FrameSink {
  readonly key: FrameKey
  readonly output: AttemptOutput
  readonly segments: string[] = []
  bytes = 0
  own: SegmentFile | undefined
  ownPrefix = ''
  ownFiles = 0
  readonly #writer: SegmentWriter

  constructor(writer: SegmentWriter, key: FrameKey, maxLineBytes: number, limits: LogLimits | undefined) {
    this.#writer = writer
    this.key = key
    this.output = new AttemptOutput(this, maxLineBytes, limits)
  }

  get accepting(): boolean {
    return this.#writer.accepting
  }

  frame({ source, ending, firstSeq, lines, at, head, body }: OutputFrame): void {
    this.#writer.append(this, { kind: source, ending, lines, at, firstSeq, ordinal: 0 }, head, body)
  }
}
