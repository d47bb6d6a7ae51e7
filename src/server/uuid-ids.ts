import { randomFillSync } from 'node:crypto'
import { asExecutionId } from '../core/identity.ts'
import type { Ids } from '../core/ports/clock.ts'

/** Randomness is fetched in blocks: a call to the kernel for each id cost a twentieth of a task. */
const BLOCK_BYTES = 4_096
const TAIL_BYTES = 6
const COUNTER_LIMIT = 2 ** 26

const block = Buffer.alloc(BLOCK_BYTES)
let used = BLOCK_BYTES
let lastMs = 0
let counter = 0

/** Where the next `bytes` bytes of the block begin; none is given out twice. */
function take(bytes: number): number {
  if (used + bytes > BLOCK_BYTES) {
    randomFillSync(block)
    used = 0
  }
  used += bytes
  return used - bytes
}

/**
 * A UUID of version 7 (RFC 9562): milliseconds, then a counter of 26 bits that begins anywhere in its lower half each
 * millisecond (method 1 of section 6.2), then 48 random bits. Ids rise also within a millisecond and when the clock
 * is set back.
 */
function uuidV7(): string {
  const now = Date.now()
  if (now > lastMs) {
    lastMs = now
    counter = block.readUInt32LE(take(4)) >>> 7
  } else if (++counter === COUNTER_LIMIT) {
    lastMs++
    counter = 0
  }
  const tail = take(TAIL_BYTES)
  const time = lastMs.toString(16).padStart(12, '0')
  const high = (0x7000 | (counter >>> 14)).toString(16)
  const low = (0x8000 | (counter & 0x3fff)).toString(16)
  return `${time.slice(0, 8)}-${time.slice(8)}-${high}-${low}-${block.toString('hex', tail, tail + TAIL_BYTES)}`
}

/** UUIDs of version 7: they rise with time, also within a millisecond. */
export const uuidIds: Ids = { execution: () => asExecutionId(uuidV7()), other: uuidV7 }
