import { readSync } from 'node:fs'
import { HEAD_BYTES, headAt, holds, type SeenFrame } from './frame.ts'

const SMALL_BYTES = 4_096
const LARGE_BYTES = 262_144

/** `buffer` holds at least head and key at `at`; `offset` is where the frame lies in the file. */
export type VisitFrame = (frame: SeenFrame, buffer: Buffer, at: number, offset: number) => void

/**
 * Visits the whole frames between `from` and `to`; returns where the first lies that is torn or bad, or `to`. Without
 * `verify` only heads and keys are read, which is enough for what a living writer has announced.
 */
export function scanFrames(fd: number, from: number, to: number, verify: boolean, visit: VisitFrame): number {
  let offset = from
  let bytes = verify ? LARGE_BYTES : SMALL_BYTES
  while (offset < to) {
    const asked = Math.min(bytes, to - offset)
    const buffer = readAt(fd, offset, asked)
    const seen = visitBuffer(buffer, offset, to, verify, visit)
    if (seen.stop || buffer.length < asked) return offset + seen.used
    bytes = nextBytes(seen, verify, buffer.length)
    offset += seen.used
  }
  return offset
}

interface Seen {
  readonly used: number
  readonly stop: boolean
  /** Of the frame that did not fit into the buffer. */
  readonly needed: number
}

function visitBuffer(buffer: Buffer, base: number, to: number, verify: boolean, visit: VisitFrame): Seen {
  let at = 0
  while (at < buffer.length) {
    const rest = buffer.length - at
    if (rest < HEAD_BYTES) return { used: at, stop: base + at + HEAD_BYTES > to, needed: HEAD_BYTES }
    const frame = headAt(buffer, at)
    if (!frame || base + at + frame.bytes > to) return { used: at, stop: true, needed: 0 }
    const needed = verify ? frame.bytes : HEAD_BYTES + frame.keyBytes
    if (rest < needed) return { used: at, stop: false, needed }
    if (verify && !holds(buffer, at, frame)) return { used: at, stop: true, needed: 0 }
    visit(frame, buffer, at, base + at)
    at += frame.bytes
  }
  return { used: at, stop: false, needed: 0 }
}

/** Heads of large frames lie far apart: then little is read at each. */
function nextBytes(seen: Seen, verify: boolean, had: number): number {
  if (verify) return Math.max(LARGE_BYTES, seen.needed)
  return seen.used > had ? Math.max(SMALL_BYTES, seen.needed) : LARGE_BYTES
}

function readAt(fd: number, offset: number, bytes: number): Buffer {
  const buffer = Buffer.allocUnsafe(bytes)
  const count = readSync(fd, buffer, 0, bytes, offset)
  return buffer.subarray(0, count)
}
