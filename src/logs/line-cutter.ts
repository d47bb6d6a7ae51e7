/**
 * Cuts a stream of bytes into runs of whole lines, for one source of one attempt. It looks for the last newline of a
 * chunk and counts the others; no object per line is made.
 *
 * C1. A run is whole lines, each with its newline, unless `ending` says that the last one is `split` or `partial`.
 * C2. No line of a run is longer than `maxLineBytes` without its newline.
 * C3. The views given to `emit` are good only during the call.
 */
import { countNewlines } from './count-newlines.ts'

const NEWLINE = 10
const SLICE_BYTES = 262_144
const EMPTY = Buffer.alloc(0)

export type Ending = 'whole' | 'split' | 'partial'

/** `head` comes before `body`; either may be empty. */
export type EmitRun = (head: Buffer, body: Buffer, lines: number, ending: Ending) => void

export class LineCutter {
  readonly #maxLineBytes: number
  #held: Buffer = EMPTY
  #heldBytes = 0

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes
  }

  cut(bytes: Uint8Array, emit: EmitRun): void {
    const whole = asBuffer(bytes)
    const step = Math.min(SLICE_BYTES, this.#maxLineBytes)
    for (let from = 0; from < whole.length; from += step) this.#slice(whole.subarray(from, from + step), emit)
  }

  /** The stream is over: what is held becomes a partial line. */
  finish(emit: EmitRun): void {
    if (this.#heldBytes > 0) emit(this.#take(), EMPTY, 1, 'partial')
    this.#held = EMPTY
  }

  #slice(slice: Buffer, emit: EmitRun): void {
    const last = slice.lastIndexOf(NEWLINE)
    if (last === -1) this.#hold(slice, emit)
    else this.#emitUpTo(slice, last, emit)
  }

  #emitUpTo(slice: Buffer, last: number, emit: EmitRun): void {
    let body = slice.subarray(0, last + 1)
    const first = this.#heldBytes === 0 ? 0 : slice.indexOf(NEWLINE)
    if (this.#heldBytes + first > this.#maxLineBytes) {
      this.#hold(slice.subarray(0, first), emit)
      body = body.subarray(first)
    }
    emit(this.#take(), body, countNewlines(body), 'whole')
    if (last + 1 < slice.length) this.#hold(slice.subarray(last + 1), emit)
  }

  #hold(bytes: Buffer, emit: EmitRun): void {
    let rest = bytes
    while (this.#heldBytes + rest.length > this.#maxLineBytes) {
      const room = this.#maxLineBytes - this.#heldBytes
      emit(this.#take(), rest.subarray(0, room), 1, 'split')
      rest = rest.subarray(room)
    }
    this.#grow(this.#heldBytes + rest.length)
    rest.copy(this.#held, this.#heldBytes)
    this.#heldBytes += rest.length
  }

  #take(): Buffer {
    const head = this.#held.subarray(0, this.#heldBytes)
    this.#heldBytes = 0
    return head
  }

  #grow(bytes: number): void {
    if (bytes <= this.#held.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(256, 2 ** Math.ceil(Math.log2(bytes))))
    this.#held.copy(grown, 0, 0, this.#heldBytes)
    this.#held = grown
  }
}

export const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
