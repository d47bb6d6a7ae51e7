/**
 * Finds the writer's frames of one attempt by raw number or time, through its runs and their indexes. Keeps the entries of
 * the last segment and the frames of the last window, because readers go forward.
 */
import type { Micros } from '../core/instant.ts'
import type { AttemptFrame } from './attempt-frames.ts'
import { type AttemptLog, firstIndex, type Run } from './attempt-log.ts'
import { type FrameEntry, WINDOW_BYTES } from './frame-table.ts'
import type { Segment } from './segment.ts'

interface Kept<T> {
  readonly segment: Segment
  readonly version: number
  readonly size: number
  readonly value: T
}

export class RawLines {
  readonly #log: AttemptLog
  #entries: Kept<readonly FrameEntry[]> | undefined
  #window: (Kept<readonly AttemptFrame[]> & { readonly offset: number }) | undefined

  constructor(log: AttemptLog) {
    this.#log = log
  }

  /** Lets go of what it kept. */
  release(): void {
    this.#entries = undefined
    this.#window = undefined
  }

  /** The frame with this raw line, else the first one behind it; undefined when there is none. */
  async frameFrom(raw: number): Promise<AttemptFrame | undefined> {
    const { runs } = this.#log
    const first = Math.max(0, firstIndex(runs.length, (index) => runs[index]!.firstSeq > raw) - 1)
    for (const run of runs.slice(first)) {
      const frame = await this.#search(
        run,
        (entry) => entry.seq > raw,
        (frame) => frame.lines > 0 && frame.firstSeq + frame.lines > raw,
      )
      if (frame) return frame
    }
    return undefined
  }

  /** Raw number of the first line that arrived at `since` or later; the count of lines when none did. */
  async since(since: Micros): Promise<number> {
    const { runs } = this.#log
    const starts = (index: number): Micros => this.#entriesOf(runs[index]!)[0]?.at ?? 0
    const first = Math.max(0, firstIndex(runs.length, (index) => starts(index) >= since) - 1)
    for (const run of runs.slice(first)) {
      const frame = await this.#search(
        run,
        (entry) => entry.at >= since,
        (frame) => frame.lines > 0 && frame.at >= since,
      )
      if (frame) return frame.firstSeq
    }
    return this.#log.lines
  }

  /** From the last window that begins before the target on, the first frame that `fits`. */
  async #search(
    run: Run,
    behind: (entry: FrameEntry) => boolean,
    fits: (frame: AttemptFrame) => boolean,
  ): Promise<AttemptFrame | undefined> {
    for (let index: number | undefined; ; ) {
      const entries = this.#entriesOf(run)
      index ??= Math.max(0, firstIndex(entries.length, (at) => behind(entries[at]!)) - 1)
      const entry = entries[index]
      if (!entry) return undefined
      const { version } = run.segment
      const frames = await this.#framesAt(run.segment, entry)
      if (run.segment.version !== version) {
        index = undefined
        continue
      }
      const found = frames.find(fits)
      if (found) return found
      index++
    }
  }

  #entriesOf({ segment }: Run): readonly FrameEntry[] {
    const kept = this.#entries
    if (kept?.segment === segment && kept.version === segment.version && kept.size === segment.size) return kept.value
    const value = segment.entriesOf(this.#log.key)
    this.#entries = { segment, version: segment.version, size: segment.size, value }
    return value
  }

  async #framesAt(segment: Segment, entry: FrameEntry): Promise<readonly AttemptFrame[]> {
    const kept = this.#window
    const { version, size } = segment
    const same = kept?.segment === segment && kept.offset === entry.offset
    if (same && kept.version === version && (kept.size === size || isFull(entry, kept.size))) return kept.value
    try {
      const value = await segment.framesAt(this.#log.key, entry)
      this.#window = { segment, version, size, offset: entry.offset, value }
      return value
    } catch {
      return []
    }
  }
}

/** No frame that begins in the entry's window can still come. */
const isFull = (entry: FrameEntry, size: number): boolean =>
  size >= (Math.floor(entry.offset / WINDOW_BYTES) + 1) * WINDOW_BYTES
