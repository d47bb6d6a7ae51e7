/**
 * One attempt's log as the reader sees it: the frames of its writer and the server's notes as one sequence of lines.
 * Holds no line; it can be forgotten and built again from the segments at any time.
 *
 * A1. The writer numbers its lines 0, 1, 2 … (raw). A note keeps two numbers for ever: its `ordinal` among the notes, and
 *     its `anchor`, how many raw lines were known here when it was made. The note's place is `anchor + ordinal`; a raw
 *     line's is its number plus the count of notes with an anchor up to it.
 * A2. So places rise by one per line and never change: no reader was ever shown a raw line at or behind the anchor
 *     of a note that did not exist yet, because only known lines are shown and there is one server to a directory.
 * A3. A crash keeps A2: anchor and ordinal are in the note's frame, raw numbers in the writer's.
 */
import type { Micros } from '../core/instant.ts'
import type { FrameHead, FrameKey } from './frame.ts'
import type { Segment } from './segment.ts'
import { WakeUps } from './wake-ups.ts'

export interface Note {
  readonly anchor: number
  readonly ordinal: number
  readonly at: Micros
  readonly bytes: Uint8Array
}

/** The part of the raw lines that lies in one segment. */
export interface Run {
  readonly segment: Segment
  /** Raw number of its first line. */
  readonly firstSeq: number
}

export class AttemptLog {
  readonly key: FrameKey
  readonly wakeUps = new WakeUps()
  readonly runs: Run[] = []
  readonly notes: Note[] = []
  /** Raw lines known. */
  lines = 0
  ended = false
  /** Its lines were removed on demand. */
  forgotten = false
  lastAt: Micros = 0
  /** Followers and notes that wait for the disk: while above 0 it must not be let go. */
  pins = 0
  /** Rises with every change. */
  version = 0

  constructor(key: FrameKey) {
    this.key = key
  }

  /** The place after the last line. */
  get next(): number {
    const last = this.notes.at(-1)
    return last ? Math.max(this.lines + last.ordinal + 1, placeOf(last) + 1) : this.lines
  }

  /** A frame of the writer was indexed. */
  sees(segment: Segment, frame: FrameHead): void {
    if (this.runs.at(-1)?.segment !== segment) this.addRun({ segment, firstSeq: frame.firstSeq })
    this.lines = Math.max(this.lines, frame.firstSeq + frame.lines)
    this.lastAt = Math.max(this.lastAt, frame.at)
    if (frame.kind === 'end') this.ended = true
    this.changed()
  }

  addRun(run: Run): void {
    if (this.runs.some((known) => known.segment === run.segment)) return
    this.runs.push(run)
    this.runs.sort((a, b) => a.firstSeq - b.firstSeq)
  }

  addNote(note: Note): void {
    const index = this.notes.findIndex((known) => known.ordinal >= note.ordinal)
    if (index !== -1 && this.notes[index]!.ordinal === note.ordinal) return
    this.notes.splice(index === -1 ? this.notes.length : index, 0, note)
    this.lastAt = Math.max(this.lastAt, note.at)
    this.changed()
  }

  /** What a new note gets. */
  nextNote(at: Micros, bytes: Uint8Array): Note {
    const ordinal = (this.notes.at(-1)?.ordinal ?? -1) + 1
    const anchor = Math.max(this.lines, this.notes.at(-1)?.anchor ?? 0)
    return { anchor, ordinal, at: Math.max(at, this.lastAt), bytes }
  }

  /** The first note at or after a place. */
  noteFrom(place: number): Note | undefined {
    return this.notes[firstIndex(this.notes.length, (index) => placeOf(this.notes[index]!) >= place)]
  }

  /** How far raw numbers before `note` are from their places. */
  shiftBefore(note: Note | undefined): number {
    if (note) return note.ordinal
    const last = this.notes.at(-1)
    return last ? last.ordinal + 1 : 0
  }

  /** The place of a raw line. */
  placeOfRaw(raw: number): number {
    const index = firstIndex(this.notes.length, (at) => this.notes[at]!.anchor > raw)
    const before = this.notes[index - 1]
    return raw + (before ? before.ordinal + 1 : (this.notes[index]?.ordinal ?? 0))
  }

  /** There is something to read from `place` on, be it only the end. */
  hasAfter(place: number): boolean {
    return this.ended || place < this.next
  }

  /** The segment is gone. */
  drop(segment: Segment): void {
    const index = this.runs.findIndex((run) => run.segment === segment)
    if (index === -1) return
    this.runs.splice(index, 1)
    this.changed()
  }

  forget(): void {
    this.forgotten = true
    this.changed()
  }

  changed(): void {
    this.version++
    this.wakeUps.ring()
  }
}

export const placeOf = (note: Note): number => note.anchor + note.ordinal

/** Smallest index for which `is` holds, `is` being false then true; `length` when it never does. */
export function firstIndex(length: number, is: (index: number) => boolean): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (is(middle)) high = middle
    else low = middle + 1
  }
  return low
}
