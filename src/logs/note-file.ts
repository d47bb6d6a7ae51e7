/**
 * The server's own segments: notes and tombstones, in files `notes-<run>-<n>`. Like a cell's writer, but each frame goes
 * to the file at once, because a note is readable when `append` returns.
 */
import { join } from 'node:path'
import type { Micros } from '../core/instant.ts'
import { DiskRoom } from './disk-room.ts'
import type { FrameHead, FrameKey } from './frame.ts'
import { SegmentFile } from './segment-file.ts'
import { RESERVE_SUFFIX, SEGMENT_SUFFIX } from './segment-names.ts'

const BUFFER_BYTES = 16_384
const SYNC_EVERY: Micros = 1_000_000

export interface Appended {
  readonly segment: string
  /** Bytes in the file. */
  readonly size: number
  /** The frame is not in the file yet: there is no room. */
  readonly waiting: boolean
  /** The segment before it, which was sealed by this append. */
  readonly sealed?: { readonly segment: string; readonly size: number }
}

export class NoteFile {
  readonly #directory: string
  readonly #prefix: string
  readonly #segmentBytes: number
  readonly #segmentAge: Micros
  readonly #room: DiskRoom
  #file: SegmentFile | undefined
  #count = 0
  #syncedAt: Micros = 0

  constructor(directory: string, run: number, segmentBytes: number, segmentAge: Micros) {
    this.#directory = directory
    this.#prefix = `notes-${run}`
    this.#segmentBytes = segmentBytes
    this.#segmentAge = segmentAge
    this.#room = new DiskRoom(join(directory, this.#prefix + RESERVE_SUFFIX))
  }

  append(key: FrameKey, head: FrameHead, now: Micros, payload?: Buffer): Appended {
    const sealed = this.#turn(now)
    const file = this.#file ?? this.#create(now)
    if (this.#room.full) this.#room.take()
    file.append(key, head, payload)
    file.drain()
    this.#syncNow(file, now)
    const appended = { segment: file.name, size: file.written, waiting: file.size > file.written }
    return sealed ? { ...appended, sealed } : appended
  }

  /** Tries again what waits for room. */
  retry(): Appended | undefined {
    if (!this.#file || this.#file.size === this.#file.written) return undefined
    this.#room.take()
    this.#file.drain()
    return { segment: this.#file.name, size: this.#file.written, waiting: this.#file.size > this.#file.written }
  }

  close(now: Micros): { readonly segment: string; readonly size: number } | undefined {
    const sealed = this.#file ? this.#seal(this.#file, now) : undefined
    this.#room.close()
    return sealed
  }

  #turn(now: Micros): { readonly segment: string; readonly size: number } | undefined {
    const file = this.#file
    if (!file || (file.size < this.#segmentBytes && now - file.since < this.#segmentAge)) return undefined
    return this.#seal(file, now)
  }

  #seal(file: SegmentFile, now: Micros): { readonly segment: string; readonly size: number } | undefined {
    if (!file.seal(now)) return undefined
    this.#file = undefined
    return { segment: file.name, size: file.written }
  }

  #create(now: Micros): SegmentFile {
    if (!this.#room.full) this.#room.take()
    const name = `${this.#prefix}-${this.#count++}`
    this.#file = new SegmentFile(name, join(this.#directory, name + SEGMENT_SUFFIX), this.#room, BUFFER_BYTES, now)
    return this.#file
  }

  #syncNow(file: SegmentFile, now: Micros): void {
    if (now - this.#syncedAt < SYNC_EVERY) return
    this.#syncedAt = now
    file.syncSoon()
  }
}
