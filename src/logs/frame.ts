/**
 * The bytes of a segment: frames, one after the other, little-endian, each whole in itself.
 *
 *   0 u32 magic         4 u32 crc32 of all that follows     8 u32 payload bytes
 *  12 u8 kind          13 u8 ending                        14 u16 key bytes       16 u32 ordinal (notes)
 *  20 u32 lines        24 f64 µs                           32 f64 first sequence  40 u32 ×2 hash of the key
 *  48 key: `<tenant> NUL <attempt>` in UTF-8, then the payload: raw lines with their newlines
 *
 * F1. The key holds the tenant: who asks for another tenant's attempt asks for a key that does not exist.
 * F2. A frame counts only when whole and its checksum holds; what follows the first bad one in an unsealed file is cut.
 * F3. A `seal` frame without key ends a file that is written no more.
 */
import { crc32 } from 'node:zlib'
import type { AttemptId, Tenant } from '../core/identity.ts'
import type { Micros } from '../core/instant.ts'
import type { Ending } from './line-cutter.ts'

export const HEAD_BYTES = 48
const MAGIC = 0x31_6c_70_74
const CHECKED_FROM = 8

/** `note`: a line of the server's; `end`: nothing follows from this writer; `forgotten`: all of this key is gone. */
export const FRAME_KINDS = ['stdout', 'stderr', 'system', 'end', 'note', 'forgotten', 'seal'] as const
export type FrameKind = (typeof FRAME_KINDS)[number]
const ENDINGS = ['whole', 'split', 'partial'] as const satisfies readonly Ending[]

export interface FrameHead {
  readonly kind: FrameKind
  readonly ending: Ending
  readonly lines: number
  readonly at: Micros
  /** Of its first line among the writer's lines of this attempt; of a note: how many of those lines come before it. */
  readonly firstSeq: number
  /** Number of the note within its attempt. */
  readonly ordinal: number
}

/** An attempt's key as frames and indexes hold it. */
export interface FrameKey {
  readonly bytes: Buffer
  readonly low: number
  readonly high: number
}

export const NO_KEY: FrameKey = { bytes: Buffer.alloc(0), low: 0, high: 0 }

export function frameKeyOf(tenant: Tenant, attempt: AttemptId): FrameKey {
  return keyFromBytes(Buffer.from(`${tenant}\0${attempt}`))
}

export function keyFromBytes(bytes: Buffer): FrameKey {
  let fnv = 0x811c9dc5
  for (const byte of bytes) fnv = Math.imul(fnv ^ byte, 0x01000193)
  return { bytes, low: crc32(bytes), high: fnv >>> 0 }
}

/** Writes head and key into `into` at `offset`, checksum still open; returns the offset after them. */
export function putHead(into: Buffer, offset: number, key: FrameKey, head: FrameHead, payloadBytes: number): number {
  into.writeUInt32LE(MAGIC, offset)
  into.writeUInt32LE(payloadBytes, offset + 8)
  into[offset + 12] = FRAME_KINDS.indexOf(head.kind)
  into[offset + 13] = ENDINGS.indexOf(head.ending)
  into.writeUInt16LE(key.bytes.length, offset + 14)
  into.writeUInt32LE(head.ordinal, offset + 16)
  into.writeUInt32LE(head.lines, offset + 20)
  into.writeDoubleLE(head.at, offset + 24)
  into.writeDoubleLE(head.firstSeq, offset + 32)
  into.writeUInt32LE(key.low, offset + 40)
  into.writeUInt32LE(key.high, offset + 44)
  key.bytes.copy(into, offset + HEAD_BYTES)
  return offset + HEAD_BYTES + key.bytes.length
}

/** Fills in the checksum of a frame whose bytes are `front` (head and key, perhaps payload) and then `rest`. */
export function sealHead(front: Buffer, rest: readonly Buffer[] = []): void {
  let sum = crc32(front.subarray(CHECKED_FROM))
  for (const part of rest) if (part.length > 0) sum = crc32(part, sum)
  front.writeUInt32LE(sum, 4)
}

/** A frame seen in a buffer. Views share the buffer. */
export interface SeenFrame extends FrameHead {
  readonly low: number
  readonly high: number
  readonly keyBytes: number
  readonly payloadBytes: number
  /** Of the whole frame. */
  readonly bytes: number
}

/** The frame whose head starts at `offset`; undefined when no whole head is there. */
export function headAt(buffer: Buffer, offset: number): SeenFrame | undefined {
  if (offset + HEAD_BYTES > buffer.length || buffer.readUInt32LE(offset) !== MAGIC) return undefined
  const kind = FRAME_KINDS[buffer[offset + 12]!]
  const ending = ENDINGS[buffer[offset + 13]!]
  if (!kind || !ending) return undefined
  const payloadBytes = buffer.readUInt32LE(offset + 8)
  const keyBytes = buffer.readUInt16LE(offset + 14)
  return {
    kind,
    ending,
    ordinal: buffer.readUInt32LE(offset + 16),
    lines: buffer.readUInt32LE(offset + 20),
    at: buffer.readDoubleLE(offset + 24),
    firstSeq: buffer.readDoubleLE(offset + 32),
    low: buffer.readUInt32LE(offset + 40),
    high: buffer.readUInt32LE(offset + 44),
    keyBytes,
    payloadBytes,
    bytes: HEAD_BYTES + keyBytes + payloadBytes,
  }
}

export const keyBytesAt = (buffer: Buffer, offset: number, frame: SeenFrame): Buffer =>
  buffer.subarray(offset + HEAD_BYTES, offset + HEAD_BYTES + frame.keyBytes)

export const payloadAt = (buffer: Buffer, offset: number, frame: SeenFrame): Buffer =>
  buffer.subarray(offset + HEAD_BYTES + frame.keyBytes, offset + frame.bytes)

/** True when the whole frame lies in `buffer` and its checksum holds. */
export function holds(buffer: Buffer, offset: number, frame: SeenFrame): boolean {
  if (offset + frame.bytes > buffer.length) return false
  return crc32(buffer.subarray(offset + CHECKED_FROM, offset + frame.bytes)) === buffer.readUInt32LE(offset + 4)
}
