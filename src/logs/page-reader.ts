/**
 * Pages of one attempt's log: raw lines and notes merged by place (see attempt-log.ts).
 *
 * R1. A page never spans a hole: it ends before it, and the next one begins behind it with `gap`.
 * R2. A page moves on or is the end of what is known: a line that cannot be read any more is a hole.
 * R3. At most `PAGE_BYTES` and a frame: a page may hold fewer lines than asked for.
 */
import type { LogFrom, LogLine, LogPage } from '../core/ports/log-store.ts'
import type { AttemptFrame } from './attempt-frames.ts'
import { type AttemptLog, placeOf } from './attempt-log.ts'
import type { FrameKind } from './frame.ts'
import { linesOfRun } from './frame-lines.ts'
import { RawLines } from './raw-lines.ts'

const PAGE_BYTES = 1_048_576

interface Draft {
  readonly lines: LogLine[]
  readonly limit: number
  bytes: number
  place: number
  gap: boolean
}

export class PageReader {
  readonly #log: AttemptLog
  readonly #raw: RawLines
  readonly #asked = new Map<string, Promise<LogPage>>()
  #askedAt = -1

  constructor(log: AttemptLog) {
    this.#log = log
    this.#raw = new RawLines(log)
  }

  /** Many followers ask for the same page at once: it is read once. */
  page(place: number, limit: number): Promise<LogPage> {
    if (this.#askedAt !== this.#log.version) this.#asked.clear()
    this.#askedAt = this.#log.version
    const name = `${place}:${limit}`
    const known = this.#asked.get(name)
    if (known) return known
    const page = this.#read(place, limit).finally(() => this.#asked.delete(name))
    this.#asked.set(name, page)
    return page
  }

  async placeOf(from: LogFrom): Promise<number> {
    if (!from) return 0
    if ('seq' in from) return Math.max(0, from.seq)
    if ('last' in from) return Math.max(0, this.#log.next - from.last)
    const raw = this.#log.placeOfRaw(await this.#raw.since(from.since))
    const note = this.#log.notes.find((one) => one.at >= from.since)
    return note ? Math.min(raw, placeOf(note)) : raw
  }

  async #read(place: number, limit: number): Promise<LogPage> {
    const draft: Draft = { lines: [], limit, bytes: 0, place, gap: false }
    if (this.#log.forgotten) draft.gap = true
    else while (draft.lines.length < limit && draft.bytes < PAGE_BYTES && (await this.#extend(draft)));
    if (this.#log.pins === 0) this.#raw.release()
    const end = this.#log.ended && (this.#log.forgotten || draft.place >= this.#log.next)
    const page = { lines: draft.lines, next: draft.place, end }
    return draft.gap ? { ...page, gap: true } : page
  }

  /** Adds the next note or stretch of a frame; false when the page is done. */
  async #extend(draft: Draft): Promise<boolean> {
    if (draft.place >= this.#log.next) return false
    const note = this.#log.noteFrom(draft.place)
    if (note && placeOf(note) === draft.place) {
      draft.lines.push({ seq: draft.place++, at: note.at, source: 'system', bytes: note.bytes })
      draft.bytes += note.bytes.length
      return true
    }
    const shift = this.#log.shiftBefore(note)
    const until = note ? note.anchor : this.#log.lines
    const raw = draft.place - shift
    const frame = raw < until ? await this.#raw.frameFrom(raw) : undefined
    if (frame && frame.firstSeq <= raw) return addLines(draft, frame, raw, until)
    const there = frame && frame.firstSeq < until ? frame.firstSeq + shift : until + shift
    return skipTo(draft, there)
  }
}

function addLines(draft: Draft, frame: AttemptFrame, raw: number, until: number): boolean {
  const take = Math.min(draft.limit - draft.lines.length, until - raw, frame.firstSeq + frame.lines - raw)
  const run = { ...frame, source: sourceOf(frame.kind) }
  const lines = linesOfRun(run, draft.place, raw - frame.firstSeq, take)
  for (const line of lines) draft.lines.push(line)
  draft.bytes += frame.payload.length
  draft.place += lines.length
  return lines.length > 0
}

/** A hole: ends a page that has lines, else is stepped over (R1). */
function skipTo(draft: Draft, place: number): boolean {
  if (draft.lines.length > 0) return false
  draft.gap = true
  draft.place = place
  return true
}

const sourceOf = (kind: FrameKind): 'stdout' | 'stderr' | 'system' =>
  kind === 'stdout' || kind === 'stderr' ? kind : 'system'
