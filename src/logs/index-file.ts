/**
 * The index beside a sealed segment (`<segment>.idx`): a header of 64 bytes, then the arrays of its `FrameTable`. Made
 * whole under another name and renamed; valid only for a segment of exactly the size it names. Can be made again from
 * the segment at any time.
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import type { Micros } from '../core/instant.ts'
import type { FileHandles } from './file-handles.ts'
import type { FrameKey } from './frame.ts'
import { ENTRY_BYTES, type FrameEntry, type FrameTable } from './frame-table.ts'

const MAGIC = 0x31_78_69_74
const HEADER_BYTES = 64
const DEAD_AT = 40
const WORD_BYTES = 16

export interface IndexHeader {
  readonly heads: number
  readonly count: number
  /** Of the segment. */
  readonly size: number
  readonly lastAt: Micros
  /** Bytes of the segment that belong to forgotten attempts. */
  readonly deadBytes: number
}

export async function writeIndexFile(
  path: string,
  table: FrameTable,
  about: Pick<IndexHeader, 'size' | 'lastAt' | 'deadBytes'>,
): Promise<IndexHeader> {
  const { heads, body } = table.bytes()
  const header = { heads, count: table.count, ...about }
  const file = await open(`${path}.new`, 'w', 0o600)
  try {
    await file.writeFile(Buffer.concat([headerBytes(header), body]))
    await file.datasync()
  } finally {
    await file.close()
  }
  await rename(`${path}.new`, path)
  return header
}

/** Undefined when there is none, or none that can be used. */
export function readIndexHeader(path: string): IndexHeader | undefined {
  const bytes = Buffer.alloc(HEADER_BYTES)
  try {
    const fd = openSync(path, 'r')
    try {
      if (readSync(fd, bytes, 0, HEADER_BYTES, 0) < HEADER_BYTES) return undefined
    } finally {
      closeSync(fd)
    }
  } catch {
    return undefined
  }
  if (bytes.readUInt32LE(0) !== MAGIC) return undefined
  return {
    heads: bytes.readUInt32LE(4),
    count: bytes.readUInt32LE(8),
    size: bytes.readDoubleLE(16),
    lastAt: bytes.readDoubleLE(32),
    deadBytes: bytes.readDoubleLE(DEAD_AT),
  }
}

export function saveDeadBytes(path: string, deadBytes: number): void {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(deadBytes)
  try {
    const fd = openSync(path, 'r+')
    try {
      writeSync(fd, bytes, 0, 8, DEAD_AT)
    } finally {
      closeSync(fd)
    }
  } catch {
    // The count is a hint for rewriting; it is made again when the index is.
  }
}

/** Entries of one attempt in order of offset: a read for the chain's head and one for each link. */
export function readEntries(
  handles: FileHandles,
  path: string,
  index: IndexHeader,
  key: Pick<FrameKey, 'low' | 'high'>,
): FrameEntry[] {
  return handles.withSync(path, (fd) => {
    const found: FrameEntry[] = []
    const bytes = Buffer.alloc(ENTRY_BYTES)
    const words = HEADER_BYTES + index.heads * 4
    const numbers = words + index.count * WORD_BYTES
    readSync(fd, bytes, 0, 4, HEADER_BYTES + (key.low & (index.heads - 1)) * 4)
    for (let next = bytes.readUInt32LE(0); next > 0; next = bytes.readUInt32LE(12)) {
      readSync(fd, bytes, 0, WORD_BYTES, words + (next - 1) * WORD_BYTES)
      if (bytes.readUInt32LE(0) !== key.low || bytes.readUInt32LE(4) !== key.high) continue
      readSync(fd, bytes, WORD_BYTES, 16, numbers + (next - 1) * 16)
      found.push({ offset: bytes.readUInt32LE(8), seq: bytes.readDoubleLE(16), at: bytes.readDoubleLE(24) })
    }
    return found.reverse()
  })
}

function headerBytes(header: IndexHeader): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES)
  bytes.writeUInt32LE(MAGIC, 0)
  bytes.writeUInt32LE(header.heads, 4)
  bytes.writeUInt32LE(header.count, 8)
  bytes.writeDoubleLE(header.size, 16)
  bytes.writeDoubleLE(header.lastAt, 32)
  bytes.writeDoubleLE(header.deadBytes, DEAD_AT)
  return bytes
}
