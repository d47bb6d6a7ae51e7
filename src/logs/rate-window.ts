import type { Micros } from '../core/instant.ts'
import type { LogLimits } from '../core/step-spec.ts'

const WINDOW_MICROS = 1_000_000
const NEWLINE = 10

/**
 * Lines and bytes that one attempt may write in a window of one second. The first line that does not fit closes the
 * window, so that what is dropped is one stretch and costs one system line a second. A line above the whole byte limit
 * passes when it is the window's first, else it never could; a limit of no bytes lets nothing pass.
 */
export class RateWindow {
  readonly #maxLines: number
  readonly #maxBytes: number
  #startedAt = Number.NEGATIVE_INFINITY
  #lines = 0
  #bytes = 0
  #closed = false

  constructor(limits: LogLimits) {
    this.#maxLines = limits.linesPerSecond ?? Number.POSITIVE_INFINITY
    this.#maxBytes = limits.bytesPerSecond ?? Number.POSITIVE_INFINITY
  }

  /** True when a new window begins at `at`; also when the clock was set back. */
  turn(at: Micros): boolean {
    if (at >= this.#startedAt && at < this.#startedAt + WINDOW_MICROS) return false
    this.#startedAt = at
    this.#lines = 0
    this.#bytes = 0
    this.#closed = false
    return true
  }

  /** How many of a run's first lines fit; they are counted as written. The run's first line ends `head` + `body`'s first newline. */
  admit(head: Buffer, body: Buffer, lines: number): number {
    if (this.#closed) return 0
    const bytes = head.length + body.length
    if (this.#lines + lines <= this.#maxLines && this.#bytes + bytes <= this.#maxBytes) {
      this.#lines += lines
      this.#bytes += bytes
      return lines
    }
    this.#closed = true
    return this.#admitSome(head, body, lines)
  }

  #admitSome(head: Buffer, body: Buffer, lines: number): number {
    let admitted = 0
    let from = 0
    while (admitted < lines && this.#lines < this.#maxLines) {
      const end = body.indexOf(NEWLINE, from)
      const to = end === -1 ? body.length : end + 1
      const bytes = to - from + (admitted === 0 ? head.length : 0)
      if (this.#bytes + bytes > this.#maxBytes && (this.#bytes > 0 || this.#maxBytes === 0)) break
      this.#bytes += bytes
      this.#lines++
      admitted++
      from = to
    }
    return admitted
  }
}
