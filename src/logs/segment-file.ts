/**
 * One segment as its writer holds it: a buffer in front of a file. The file is opened at the first drain.
 *
 * S1. Bytes reach the file in the order of `append`, each once, whatever a write returned.
 * S2. Nothing throws. After a failed write the bytes stay in the buffer and are tried again at the next drain; beyond
 *     `STUCK_BYTES` further frames are let go (then they are system lines and ends: output is not accepted meanwhile).
 */
import { closeSync, fdatasync, fdatasyncSync, openSync, writeSync, writevSync } from 'node:fs'
import type { Micros } from '../core/instant.ts'
import type { DiskRoom } from './disk-room.ts'
import { type FrameHead, type FrameKey, HEAD_BYTES, NO_KEY, putHead, sealHead } from './frame.ts'

const DIRECT_BYTES = 16_384
const STUCK_BYTES = 4_194_304
const EMPTY = Buffer.alloc(0)
/** Head and key of a frame that goes to the file past the buffer. */
const FRONT = Buffer.alloc(HEAD_BYTES + 65_536)

export class SegmentFile {
  readonly name: string
  /** Time of its first frame. */
  readonly since: Micros
  readonly #path: string
  readonly #room: DiskRoom
  readonly #bufferBytes: number
  #buffer: Buffer = EMPTY
  #filled = 0
  #fd: number | undefined
  #written = 0
  #dirty = false
  #sealed = false

  constructor(name: string, path: string, room: DiskRoom, bufferBytes: number, since: Micros) {
    this.name = name
    this.since = since
    this.#path = path
    this.#room = room
    this.#bufferBytes = bufferBytes
  }

  /** Bytes with those still buffered. */
  get size(): number {
    return this.#written + this.#filled
  }

  /** Bytes in the file. */
  get written(): number {
    return this.#written
  }

  append(key: FrameKey, head: FrameHead, first: Buffer = EMPTY, second: Buffer = EMPTY): void {
    const payload = first.length + second.length
    const bytes = HEAD_BYTES + key.bytes.length + payload
    if (bytes >= DIRECT_BYTES && this.#filled === 0 && !this.#room.full) {
      this.#appendPast(key, head, first, second)
    } else if (this.#reserve(bytes)) {
      const start = this.#filled
      const after = putHead(this.#buffer, start, key, head, payload)
      first.copy(this.#buffer, after)
      second.copy(this.#buffer, after + first.length)
      this.#filled += bytes
      sealHead(this.#buffer.subarray(start, this.#filled))
    }
  }

  /**
   * Ends the file with a seal; false while something could not be written. Does not wait for the disk (64 MB would hold
   * up every pipe of a cell): whoever makes the index makes the file durable first.
   */
  seal(at: Micros): boolean {
    this.drain()
    if (!this.#sealed && this.#filled === 0) {
      this.append(NO_KEY, { kind: 'seal', ending: 'whole', lines: 0, at, firstSeq: 0, ordinal: 0 })
      this.#sealed = true
      this.drain()
    }
    if (this.#filled > 0) return false
    this.close()
    return true
  }

  /** Hands the buffer to the file. */
  drain(): void {
    if (this.#filled === 0 || !this.#open()) return
    let done = 0
    try {
      while (done < this.#filled) {
        const count = writeSync(this.#fd!, this.#buffer, done, this.#filled - done, this.#written)
        done += count
        this.#written += count
      }
    } catch {
      this.#keepFrom(done)
      if (this.#room.giveUp()) this.drain()
      return
    }
    this.#filled = 0
    this.#dirty = true
    if (this.#buffer.length > this.#bufferBytes) this.#buffer = EMPTY
  }

  sync(): void {
    if (!this.#dirty || this.#fd === undefined) return
    try {
      fdatasyncSync(this.#fd)
      this.#dirty = false
    } catch {
      this.#room.giveUp()
    }
  }

  /** The same on a thread of its own, for a process with an event loop. */
  syncSoon(): void {
    if (!this.#dirty || this.#fd === undefined) return
    this.#dirty = false
    fdatasync(this.#fd, () => undefined)
  }

  close(): void {
    if (this.#fd === undefined) return
    closeSync(this.#fd)
    this.#fd = undefined
  }

  #appendPast(key: FrameKey, head: FrameHead, first: Buffer, second: Buffer): void {
    const front = FRONT.subarray(0, putHead(FRONT, 0, key, head, first.length + second.length))
    sealHead(front, [first, second])
    const parts = first.length === 0 ? [front, second] : [front, first, second]
    const total = front.length + first.length + second.length
    const count = this.#open() ? this.#writeParts(parts) : 0
    this.#written += count
    this.#dirty = true
    if (count < total) this.#stick(Buffer.concat(parts).subarray(count))
  }

  #writeParts(parts: readonly Buffer[]): number {
    try {
      return writevSync(this.#fd!, parts, this.#written)
    } catch {
      return 0
    }
  }

  /** What a direct write left over goes the way of the buffer. */
  #stick(rest: Buffer): void {
    this.#grow(rest.length)
    rest.copy(this.#buffer, 0)
    this.#filled = rest.length
    this.drain()
  }

  #open(): boolean {
    if (this.#fd !== undefined) return true
    try {
      this.#fd = openSync(this.#path, 'wx', 0o600)
      return true
    } catch {
      this.#room.giveUp()
      return false
    }
  }

  /** Makes room in the buffer; false when the frame must be let go (S2). */
  #reserve(bytes: number): boolean {
    if (this.#filled > 0 && this.#filled + bytes > this.#bufferBytes) this.drain()
    if (this.#filled + bytes > STUCK_BYTES && this.#room.full) return false
    this.#grow(this.#filled + bytes)
    return true
  }

  #keepFrom(done: number): void {
    this.#buffer.copyWithin(0, done, this.#filled)
    this.#filled -= done
  }

  #grow(bytes: number): void {
    if (bytes <= this.#buffer.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(bytes, this.#bufferBytes))
    this.#buffer.copy(grown, 0, 0, this.#filled)
    this.#buffer = grown
  }
}
