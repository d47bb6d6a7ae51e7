/**
 * Removes what is old, too much or forgotten: whole segments where it can, else the segment is written again without the
 * forgotten attempts.
 *
 * N1. Only sealed, indexed segments are touched.
 * N2. A note or tombstone outlives its segment's age while its attempt has lines left elsewhere: a note's number is part of
 *     the places of those lines, and a tombstone hides them.
 * N3. A segment is written again when less than a third of it is alive.
 */
import type { Micros } from '../core/instant.ts'
import type { AttemptLog } from './attempt-log.ts'
import type { AttemptLogs } from './attempt-logs.ts'
import { type FrameKey, HEAD_BYTES } from './frame.ts'
import type { Segment } from './segment.ts'
import type { SegmentSet } from './segment-set.ts'

export interface RetentionLimits {
  readonly maxAgeMs?: number
  readonly maxBytes?: number
}

export interface Swept {
  readonly segments: number
  readonly bytes: number
}

export class Retention {
  readonly #segments: SegmentSet
  readonly #logs: AttemptLogs
  readonly #maxAge: Micros
  readonly #maxBytes: number
  /** Segments went since notes were last looked through. */
  #notesDue = true
  #turn: Promise<unknown> = Promise.resolve()

  constructor(segments: SegmentSet, logs: AttemptLogs, limits: RetentionLimits) {
    this.#segments = segments
    this.#logs = logs
    this.#maxAge = (limits.maxAgeMs ?? Number.POSITIVE_INFINITY) * 1_000
    this.#maxBytes = limits.maxBytes ?? Number.POSITIVE_INFINITY
  }

  /** Counts the bytes of a forgotten attempt in its segments. */
  async markDead(log: AttemptLog): Promise<void> {
    for (const { segment } of [...log.runs]) {
      let bytes = 0
      for (const entry of segment.entriesOf(log.key)) {
        for (const frame of await segment.framesAt(log.key, entry).catch(() => [])) bytes += frame.bytes
      }
      segment.markDead(bytes)
    }
  }

  /** Segments in which nothing is alive. */
  removeDead(): Promise<void> {
    return this.#inTurn(() => this.#removeDead())
  }

  /** One round; what it removed. */
  sweep(now: Micros): Promise<Swept> {
    return this.#inTurn(() => this.#sweep(now))
  }

  /** One change of files at a time. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(() => undefined)
    return done
  }

  async #removeDead(): Promise<void> {
    const dead = this.#touchable().filter((segment) => !segment.isNotes && alive(segment) <= 0)
    for (const segment of dead) await this.#remove(segment)
  }

  async #sweep(now: Micros): Promise<Swept> {
    const before = this.#total()
    await this.#sweepAge(now - this.#maxAge)
    await this.#sweepSize()
    await this.#sweepHollow()
    const after = this.#total()
    return { segments: before.segments - after.segments, bytes: Math.max(0, before.bytes - after.bytes) }
  }

  async #sweepAge(before: Micros): Promise<void> {
    const old = this.#touchable().filter((segment) => segment.lastAt < before)
    for (const segment of old) if (!segment.isNotes) await this.#remove(segment)
    if (!this.#notesDue) return
    this.#notesDue = false
    for (const segment of old) if (segment.isNotes) await this.#rewrite(segment, (key) => this.#hasLines(key))
  }

  async #sweepSize(): Promise<void> {
    const oldest = this.#touchable().sort((a, b) => a.lastAt - b.lastAt)
    let { bytes } = this.#total()
    for (const segment of oldest) {
      if (bytes <= this.#maxBytes) return
      if (segment.isNotes) continue
      bytes -= segment.size
      await this.#remove(segment)
    }
  }

  async #sweepHollow(): Promise<void> {
    const hollow = this.#touchable().filter((segment) => alive(segment) < segment.size / 3)
    for (const segment of hollow) await this.#rewrite(segment, (key) => !this.#isForgotten(key))
  }

  #hasLines(key: FrameKey): boolean {
    return this.#segments.holding(key).length > 0
  }

  #isForgotten(key: FrameKey): boolean {
    return this.#segments.notes().some((segment) => segment.framesNow(key).some((frame) => frame.kind === 'forgotten'))
  }

  async #rewrite(segment: Segment, keep: (key: FrameKey) => boolean): Promise<void> {
    await segment.rewrite(keep)
    if (segment.removed) this.#segments.forgetName(segment)
    for (const { log } of this.#logs) log.changed()
  }

  async #remove(segment: Segment): Promise<void> {
    if (!segment.isNotes) this.#notesDue = true
    await this.#segments.remove(segment)
    for (const { log } of this.#logs) log.drop(segment)
  }

  #touchable(): Segment[] {
    return [...this.#segments].filter((segment) => segment.indexed)
  }

  #total(): Swept {
    const all = [...this.#segments]
    return { segments: all.length, bytes: all.reduce((sum, segment) => sum + segment.size, 0) }
  }
}

const alive = (segment: Segment): number => segment.size - HEAD_BYTES - segment.deadBytes
