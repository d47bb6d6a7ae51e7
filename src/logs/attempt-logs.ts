/**
 * The attempts' logs someone is interested in: read, followed or noted of late. A log is built from the segments when it is
 * asked for; the ones least used are let go, unless someone follows them.
 *
 * T1. Building looks only at what is indexed and happens in one turn, as does the indexing of a notice: a log in memory
 *     and the segments never tell different stories.
 */
import type { AttemptFrame } from './attempt-frames.ts'
import { AttemptLog, type Note } from './attempt-log.ts'
import { type FrameKey, keyBytesAt, type SeenFrame } from './frame.ts'
import { PageReader } from './page-reader.ts'
import type { Segment } from './segment.ts'
import { parseExtent } from './segment-names.ts'
import type { SegmentSet } from './segment-set.ts'

const KEPT = 1_024

export interface OpenLog {
  readonly log: AttemptLog
  readonly reader: PageReader
}

export class AttemptLogs {
  readonly #segments: SegmentSet
  readonly #open = new Map<string, OpenLog>()

  constructor(segments: SegmentSet) {
    this.#segments = segments
  }

  [Symbol.iterator](): Iterator<OpenLog> {
    return this.#open.values()
  }

  /** The log if someone is interested in it. */
  known(key: FrameKey): OpenLog | undefined {
    return this.#open.get(nameOf(key))
  }

  of(key: FrameKey, extent: string | undefined): OpenLog {
    const name = nameOf(key)
    const open = this.#open.get(name) ?? this.#build(key, extent)
    this.#open.delete(name)
    this.#open.set(name, open)
    if (extent !== undefined) this.#close(open.log, extent)
    if (this.#open.size > KEPT) this.#shrink()
    return open
  }

  #sees(segment: Segment, frame: SeenFrame, keyBytes: Buffer): void {
    if (this.#open.size > 0) this.#open.get(keyBytes.toString('latin1'))?.log.sees(segment, frame)
  }

  #build(key: FrameKey, extent: string | undefined): OpenLog {
    const log = new AttemptLog(key)
    const named = extent === undefined ? undefined : parseExtent(extent)?.segments
    const holding = named
      ? named.flatMap((name) => this.#segments.find(name) ?? []).filter((one) => one.entriesOf(key).length > 0)
      : this.#segments.holding(key)
    for (const segment of holding) log.addRun({ segment, firstSeq: segment.entriesOf(key)[0]!.seq })
    const last = log.runs.at(-1)
    if (last) for (const frame of last.segment.lastFrames(key)) log.sees(last.segment, frame)
    for (const segment of this.#segments.notes()) this.#addNotes(log, segment)
    return { log, reader: new PageReader(log) }
  }

  #addNotes(log: AttemptLog, segment: Segment): void {
    for (const frame of segment.framesNow(log.key)) {
      if (frame.kind === 'forgotten') log.forget()
      else if (frame.kind === 'note') log.addNote(noteOf(frame))
    }
  }

  /** The extent says that the log is over and how long it is, even where no frame of it is left. */
  #close(log: AttemptLog, extent: string): void {
    const parsed = parseExtent(extent)
    if (log.ended && log.lines >= (parsed?.lines ?? 0)) return
    for (const name of parsed?.segments ?? []) this.#catchUp(log, name)
    log.lines = Math.max(log.lines, parsed?.lines ?? 0)
    log.ended = true
    log.changed()
  }

  /** A notice may still be on its way: what the file holds already is what it would say. */
  #catchUp(log: AttemptLog, name: string): void {
    const segment = this.#segments.find(name)
    if (!segment || segment.indexed) return
    this.catchUp(segment, segment.fileSize(), true)
    const [first] = segment.entriesOf(log.key)
    if (first) log.addRun({ segment, firstSeq: first.seq })
  }

  /** Indexes what a segment holds up to `size` and tells the logs. Notes are told by who makes them. */
  catchUp(segment: Segment, size: number, verify: boolean): void {
    if (segment.isNotes) segment.catchUp(size, verify)
    else segment.catchUp(size, verify, (frame, buffer, at) => this.#sees(segment, frame, keyBytesAt(buffer, at, frame)))
  }

  #shrink(): void {
    for (const [name, { log }] of this.#open) {
      if (log.pins > 0) continue
      this.#open.delete(name)
      return
    }
  }
}

const nameOf = (key: FrameKey): string => key.bytes.toString('latin1')

function noteOf(frame: AttemptFrame): Note {
  return { anchor: frame.firstSeq, ordinal: frame.ordinal, at: frame.at, bytes: frame.payload }
}
