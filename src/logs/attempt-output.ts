/**
 * The output of one attempt on its way to a log: cuts lines, numbers them, keeps limits. Owns no file; a `FrameSink`
 * takes the frames. Used by every writer, so that all logs obey the same rules.
 *
 * O1. Lines are numbered from 0, by one each, over all sources together; a dropped line takes no number.
 * O2. Times never go back within an attempt: a clock that does is held at the last time seen, so a search by time is
 *     a binary search.
 * O3. Every stretch of dropped lines is followed by one system line with its count, before the next line or the end.
 */
import type { Micros } from '../core/instant.ts'
import type { LogSource } from '../core/ports/log-store.ts'
import type { LogLimits } from '../core/step-spec.ts'
import { type Ending, LineCutter } from './line-cutter.ts'
import { RateWindow } from './rate-window.ts'

const EMPTY = Buffer.alloc(0)
const NEWLINE = 10

export interface FrameSink {
  /** False while the disk is full: output is dropped and counted. */
  readonly accepting: boolean
  /** Views are good only during the call. */
  frame(frame: OutputFrame): void
}

export interface OutputFrame {
  readonly source: LogSource
  readonly ending: Ending
  readonly firstSeq: number
  readonly lines: number
  readonly at: Micros
  readonly head: Buffer
  readonly body: Buffer
}

interface Dropped {
  lines: number
  bytes: number
}

export class AttemptOutput {
  readonly #sink: FrameSink
  readonly #maxLineBytes: number
  readonly #cutters = new Map<LogSource, LineCutter>()
  readonly #limits: LogLimits | undefined
  readonly #window: RateWindow | undefined
  #overLimit: Dropped = { lines: 0, bytes: 0 }
  #diskFull: Dropped = { lines: 0, bytes: 0 }
  #lastAt: Micros = 0
  #nextSeq = 0
  /** Lines that an earlier writer has stored: numbered as they come again, not written. */
  #stored = 0

  constructor(sink: FrameSink, maxLineBytes: number, limits: LogLimits | undefined) {
    this.#sink = sink
    this.#maxLineBytes = maxLineBytes
    this.#limits = limits
    this.#window = limits?.linesPerSecond || limits?.bytesPerSecond !== undefined ? new RateWindow(limits) : undefined
  }

  /** Lines numbered so far. */
  get lines(): number {
    return this.#nextSeq
  }

  get lastAt(): Micros {
    return this.#lastAt
  }

  /** Its output comes again from the beginning; the first `lines` lines are stored. */
  resume(lines: number): void {
    this.#stored = lines
  }

  write(source: LogSource, bytes: Uint8Array, at: Micros): void {
    if (at > this.#lastAt) this.#lastAt = at
    if (this.#window?.turn(at)) this.#reportOverLimit()
    this.#cutterOf(source).cut(bytes, (head, body, lines, ending) => this.#admit(source, head, body, lines, ending))
  }

  /** Partial last lines and open counts come out; nothing may follow. */
  end(): void {
    for (const [source, cutter] of this.#cutters) {
      cutter.finish((head, body, lines, ending) => this.#admit(source, head, body, lines, ending))
    }
    this.#reportOverLimit()
    this.#reportDiskFull()
  }

  /** A line of source `system`, past all limits. */
  say(text: string): void {
    this.#put('system', EMPTY, Buffer.from(`${text}\n`), 1, 'whole')
  }

  #cutterOf(source: LogSource): LineCutter {
    const known = this.#cutters.get(source)
    if (known) return known
    const cutter = new LineCutter(this.#maxLineBytes)
    this.#cutters.set(source, cutter)
    return cutter
  }

  #admit(source: LogSource, head: Buffer, body: Buffer, lines: number, ending: Ending): void {
    if (!this.#sink.accepting) {
      if (this.#diskFull.lines === 0) this.say('the log cannot be written: lines are dropped')
      count(this.#diskFull, lines, head.length + body.length)
      return
    }
    this.#reportDiskFull()
    const limited = this.#window !== undefined && source !== 'system'
    const fit = limited ? this.#window.admit(head, body, lines) : lines
    if (fit === lines) this.#put(source, head, body, lines, ending)
    else this.#putSome(source, head, body, lines, fit)
  }

  #putSome(source: LogSource, head: Buffer, body: Buffer, lines: number, fit: number): void {
    const cut = fit === 0 ? 0 : endOfLine(body, fit)
    if (fit > 0) this.#put(source, head, body.subarray(0, cut), fit, 'whole')
    count(this.#overLimit, lines - fit, body.length - cut + (fit === 0 ? head.length : 0))
  }

  #put(source: LogSource, head: Buffer, body: Buffer, lines: number, ending: Ending): void {
    const firstSeq = this.#nextSeq
    this.#nextSeq += lines
    const known = Math.min(lines, Math.max(0, this.#stored - firstSeq))
    if (known === lines) return
    const at = this.#lastAt
    if (known === 0) this.#sink.frame({ source, ending, firstSeq, lines, at, head, body })
    else {
      const rest = {
        firstSeq: firstSeq + known,
        lines: lines - known,
        head: EMPTY,
        body: body.subarray(endOfLine(body, known)),
      }
      this.#sink.frame({ source, ending, at, ...rest })
    }
  }

  #reportOverLimit(): void {
    const { lines, bytes } = this.#overLimit
    if (lines === 0) return
    this.#overLimit = { lines: 0, bytes: 0 }
    this.say(`${amount(lines, bytes)} dropped: over the limit of ${limitText(this.#limits)}`)
  }

  #reportDiskFull(): void {
    const { lines, bytes } = this.#diskFull
    if (lines === 0 || !this.#sink.accepting) return
    this.#diskFull = { lines: 0, bytes: 0 }
    this.say(`${amount(lines, bytes)} dropped: the log could not be written`)
  }
}

function count(dropped: Dropped, lines: number, bytes: number): void {
  dropped.lines += lines
  dropped.bytes += bytes
}

/** Offset after the newline of the n-th line. */
function endOfLine(body: Buffer, n: number): number {
  let at = -1
  for (let line = 0; line < n; line++) at = body.indexOf(NEWLINE, at + 1)
  return at + 1
}

const amount = (lines: number, bytes: number): string => `${lines} ${lines === 1 ? 'line' : 'lines'} (${bytes} bytes)`

function limitText(limits: LogLimits | undefined): string {
  const parts: string[] = []
  if (limits?.linesPerSecond) parts.push(`${limits.linesPerSecond} lines/s`)
  if (limits?.bytesPerSecond !== undefined) parts.push(`${limits.bytesPerSecond} bytes/s`)
  return parts.join(' and ')
}
