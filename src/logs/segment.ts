/**
 * One segment as the reader knows it. Owns its index: a table in memory while the file may grow, a file beside it once
 * it is sealed.
 *
 * G1. Only what lies below `size` is ever shown; `size` ends on a frame and never falls while the writer lives.
 * G2. `version` rises when the file is replaced: offsets taken before are then void.
 */
import { closeSync, fdatasyncSync, ftruncateSync, openSync, readSync, statSync, writeSync } from 'node:fs'
import { open, rename, unlink } from 'node:fs/promises'
import type { Micros } from '../core/instant.ts'
import { type AttemptFrame, attemptFrames } from './attempt-frames.ts'
import type { FileHandles } from './file-handles.ts'
import { type FrameKey, HEAD_BYTES, keyBytesAt, keyFromBytes, NO_KEY, putHead, sealHead } from './frame.ts'
import { type FrameEntry, FrameTable, WINDOW_BYTES } from './frame-table.ts'
import { type IndexHeader, readEntries, readIndexHeader, saveDeadBytes, writeIndexFile } from './index-file.ts'
import { scanFrames, type VisitFrame } from './scan-frames.ts'
import { INDEX_SUFFIX, SEGMENT_SUFFIX } from './segment-names.ts'

const SCAN_STEP_BYTES = 8_388_608

export class Segment {
  readonly name: string
  readonly path: string
  readonly #handles: FileHandles
  size = 0
  version = 0
  sealed = false
  removed = false
  lastAt: Micros = 0
  deadBytes = 0
  #table: FrameTable | undefined
  #index: IndexHeader | undefined

  constructor(directory: string, name: string, handles: FileHandles) {
    this.name = name
    this.path = `${directory}/${name}${SEGMENT_SUFFIX}`
    this.#handles = handles
  }

  get isNotes(): boolean {
    return this.name.startsWith('notes-')
  }

  get indexed(): boolean {
    return this.#index !== undefined
  }

  get #indexPath(): string {
    return this.path.slice(0, -SEGMENT_SUFFIX.length) + INDEX_SUFFIX
  }

  /** Takes the index file when it fits the segment; else nothing is known yet and `scan` finds out. */
  adopt(): boolean {
    const index = readIndexHeader(this.#indexPath)
    if (!index || index.size !== this.fileSize()) return false
    this.#index = index
    this.size = index.size
    this.lastAt = index.lastAt
    this.deadBytes = index.deadBytes
    this.sealed = true
    return true
  }

  fileSize(): number {
    try {
      return statSync(this.path).size
    } catch {
      return 0
    }
  }

  /** Indexes the frames up to `to`. Stops at one that is not whole: the next call begins there. */
  catchUp(to: number, verify: boolean, visit?: VisitFrame): void {
    if (this.#index || this.removed || to <= this.size) return
    const table = this.#table ?? new FrameTable()
    this.#table = table
    this.size = this.#handles.withSync(this.path, (fd) =>
      scanFrames(fd, this.size, to, verify, (frame, buffer, at, offset) => {
        if (frame.kind === 'seal') this.sealed = true
        else table.add(frame, offset, frame.firstSeq, frame.at)
        if (frame.at > this.lastAt) this.lastAt = frame.at
        visit?.(frame, buffer, at, offset)
      }),
    )
  }

  /** The same for a whole file, checked, in steps that let others run between them. */
  async scan(visit?: VisitFrame): Promise<void> {
    const end = this.fileSize()
    for (let before = -1; this.size < end && this.size !== before; ) {
      before = this.size
      this.catchUp(Math.min(end, this.size + SCAN_STEP_BYTES), true, visit)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  /** Its writer is gone: cuts what is torn and seals the file. */
  cutAndSeal(): void {
    if (this.sealed || this.removed) return
    this.#table ??= new FrameTable()
    this.catchUp(this.fileSize(), true)
    if (this.sealed) return
    const fd = openSync(this.path, 'r+')
    try {
      ftruncateSync(fd, this.size)
      const seal = sealFrame(this.lastAt)
      writeSync(fd, seal, 0, seal.length, this.size)
      fdatasyncSync(fd)
      this.size += seal.length
      this.sealed = true
    } finally {
      closeSync(fd)
    }
  }

  /** Moves the index of a sealed segment from memory to its file. An index says that its segment is whole: on disk first. */
  async saveIndex(): Promise<void> {
    if (!this.sealed || this.#index || !this.#table) return
    await makeDurable(this.path)
    const about = { size: this.size, lastAt: this.lastAt, deadBytes: this.deadBytes }
    const index = await writeIndexFile(this.#indexPath, this.#table, about)
    if (this.removed) return void unlink(this.#indexPath).catch(() => undefined)
    this.#index = index
    this.#table = undefined
  }

  entriesOf(key: FrameKey): FrameEntry[] {
    if (this.removed) return []
    if (this.#table) return this.#table.entriesOf(key)
    if (!this.#index) return []
    return readEntries(this.#handles, this.#indexPath, this.#index, key)
  }

  /** Frames of the attempt that begin in the entry's window. Rejects when the file cannot be read. */
  async framesAt(key: FrameKey, entry: FrameEntry): Promise<readonly AttemptFrame[]> {
    const size = this.size
    const end = Math.min(size, (Math.floor(entry.offset / WINDOW_BYTES) + 1) * WINDOW_BYTES)
    const wanted = Math.min(size, end + WINDOW_BYTES + 4_096) - entry.offset
    const path = this.path
    const buffer = await this.#handles.read(path, entry.offset, wanted)
    const found = attemptFrames(buffer, end - entry.offset, key)
    if (found.needed === 0) return found.frames
    const more = await this.#handles.read(path, entry.offset, Math.min(size - entry.offset, found.needed))
    return attemptFrames(more, end - entry.offset, key).frames
  }

  /** The same for all entries, in this turn: for what is small or fresh. */
  framesNow(key: FrameKey): AttemptFrame[] {
    return this.entriesOf(key).flatMap((entry) => this.#readNow(key, entry))
  }

  /** Those of the last window. */
  lastFrames(key: FrameKey): readonly AttemptFrame[] {
    const entry = this.entriesOf(key).at(-1)
    return entry ? this.#readNow(key, entry) : []
  }

  #readNow(key: FrameKey, entry: FrameEntry): readonly AttemptFrame[] {
    const end = Math.min(this.size, (Math.floor(entry.offset / WINDOW_BYTES) + 1) * WINDOW_BYTES)
    return this.#handles.withSync(this.path, (fd) => {
      const read = (bytes: number): Buffer => {
        const buffer = Buffer.allocUnsafe(Math.min(this.size - entry.offset, bytes))
        return buffer.subarray(0, readSync(fd, buffer, 0, buffer.length, entry.offset))
      }
      const found = attemptFrames(read(end - entry.offset + WINDOW_BYTES), end - entry.offset, key)
      return found.needed === 0 ? found.frames : attemptFrames(read(found.needed), end - entry.offset, key).frames
    })
  }

  markDead(bytes: number): void {
    this.deadBytes += bytes
    if (this.#index) saveDeadBytes(this.#indexPath, this.deadBytes)
  }

  async remove(): Promise<void> {
    this.removed = true
    this.version++
    this.#handles.drop(this.path)
    this.#handles.drop(this.#indexPath)
    await Promise.all([unlink(this.path), unlink(this.#indexPath)].map((done) => done.catch(() => undefined)))
  }

  /** Writes the file again with the attempts that `keep` names; readers in the middle keep the old file. */
  async rewrite(keep: (key: FrameKey) => boolean): Promise<void> {
    const table = new FrameTable()
    const fresh = `${this.path}.new`
    const size = await this.#copy(fresh, table, keep)
    if (size === HEAD_BYTES) {
      await unlink(fresh)
      return this.remove()
    }
    const index = await writeIndexFile(`${this.#indexPath}.next`, table, { size, lastAt: this.lastAt, deadBytes: 0 })
    await rename(fresh, this.path)
    await rename(`${this.#indexPath}.next`, this.#indexPath)
    this.#handles.drop(this.path)
    this.#handles.drop(this.#indexPath)
    this.#index = index
    this.size = size
    this.deadBytes = 0
    this.version++
  }

  async #copy(path: string, table: FrameTable, keep: (key: FrameKey) => boolean): Promise<number> {
    const out = await open(path, 'w', 0o600)
    const kept = new Map<string, boolean>()
    let size = 0
    try {
      for (let from = 0; from < this.size; ) {
        const parts: Buffer[] = []
        from = this.#collect(from, (frame, buffer, at) => {
          const bytes = keyBytesAt(buffer, at, frame)
          const name = bytes.toString('latin1')
          if (!kept.has(name)) kept.set(name, frame.kind === 'seal' || keep(keyFromBytes(Buffer.from(bytes))))
          if (!kept.get(name)) return
          if (frame.kind !== 'seal') table.add(frame, size, frame.firstSeq, frame.at)
          parts.push(buffer.subarray(at, at + frame.bytes))
          size += frame.bytes
        })
        await out.appendFile(Buffer.concat(parts))
      }
      await out.datasync()
    } finally {
      await out.close()
    }
    return size
  }

  #collect(from: number, visit: VisitFrame): number {
    const to = Math.min(this.size, from + SCAN_STEP_BYTES)
    const reached = this.#handles.withSync(this.path, (fd) => scanFrames(fd, from, to, true, visit))
    return reached === from ? this.size : reached
  }
}

async function makeDurable(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.datasync()
  } finally {
    await file.close()
  }
}

function sealFrame(at: Micros): Buffer {
  const bytes = Buffer.alloc(HEAD_BYTES)
  putHead(bytes, 0, NO_KEY, { kind: 'seal', ending: 'whole', lines: 0, at, firstSeq: 0, ordinal: 0 }, 0)
  sealHead(bytes)
  return bytes
}
