/**
 * Where the attempts of one segment lie: for each 64 KB window of the file in which an attempt has frames, the first of
 * them with its sequence and time. A hash table in flat arrays (40 bytes an entry), so that a segment of half a million
 * small logs costs megabytes; written to disk as it is.
 *
 * Hashes may collide: whoever uses an entry compares the key in the frame.
 */
import type { Micros } from '../core/instant.ts'
import type { FrameKey } from './frame.ts'

export const WINDOW_BYTES = 65_536
const WORDS = 4
const NUMBERS = 2
const FIRST_HEADS = 1_024
export const ENTRY_BYTES = WORDS * 4 + NUMBERS * 8

export interface FrameEntry {
  readonly offset: number
  /** Of the first frame of the attempt in this window. */
  readonly seq: number
  readonly at: Micros
}

type Hash = Pick<FrameKey, 'low' | 'high'>

export class FrameTable {
  #count = 0
  #heads = new Uint32Array(FIRST_HEADS)
  /** Per entry: low, high, offset, next entry + 1. */
  #words = new Uint32Array(WORDS * 256)
  /** Per entry: seq, at. */
  #numbers = new Float64Array(NUMBERS * 256)

  get count(): number {
    return this.#count
  }

  add(hash: Hash, offset: number, seq: number, at: Micros): void {
    const slot = hash.low & (this.#heads.length - 1)
    if (this.#coveredBy(slot, hash, offset)) return
    if (this.#count * WORDS === this.#words.length) this.#grow()
    const entry = this.#count++
    this.#words.set([hash.low, hash.high, offset, this.#heads[slot]!], entry * WORDS)
    this.#numbers.set([seq, at], entry * NUMBERS)
    this.#heads[slot] = entry + 1
    if (this.#count > this.#heads.length * 2) this.#rehash()
  }

  /** In order of offset. */
  entriesOf(hash: Hash): FrameEntry[] {
    const found: FrameEntry[] = []
    let next = this.#heads[hash.low & (this.#heads.length - 1)]!
    while (next > 0) {
      const entry = next - 1
      if (this.#is(entry, hash)) found.push(this.#entry(entry))
      next = this.#words[entry * WORDS + 3]!
    }
    return found.reverse()
  }

  /** Arrays as they go to disk: heads, words, numbers. */
  bytes(): { readonly heads: number; readonly body: Buffer } {
    const parts = [
      this.#heads,
      this.#words.subarray(0, this.#count * WORDS),
      this.#numbers.subarray(0, this.#count * NUMBERS),
    ]
    const body = Buffer.concat(parts.map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength)))
    return { heads: this.#heads.length, body }
  }

  /** The newest entry of the attempt is in the same window. */
  #coveredBy(slot: number, hash: Hash, offset: number): boolean {
    let next = this.#heads[slot]!
    while (next > 0 && !this.#is(next - 1, hash)) next = this.#words[(next - 1) * WORDS + 3]!
    if (next === 0) return false
    return Math.floor(this.#words[(next - 1) * WORDS + 2]! / WINDOW_BYTES) === Math.floor(offset / WINDOW_BYTES)
  }

  #is(entry: number, hash: Hash): boolean {
    return this.#words[entry * WORDS] === hash.low && this.#words[entry * WORDS + 1] === hash.high
  }

  #entry(entry: number): FrameEntry {
    return {
      offset: this.#words[entry * WORDS + 2]!,
      seq: this.#numbers[entry * NUMBERS]!,
      at: this.#numbers[entry * NUMBERS + 1]!,
    }
  }

  #grow(): void {
    const words = new Uint32Array(this.#words.length * 2)
    words.set(this.#words)
    this.#words = words
    const numbers = new Float64Array(this.#numbers.length * 2)
    numbers.set(this.#numbers)
    this.#numbers = numbers
  }

  #rehash(): void {
    this.#heads = new Uint32Array(this.#heads.length * 4)
    for (let entry = 0; entry < this.#count; entry++) {
      const slot = this.#words[entry * WORDS]! & (this.#heads.length - 1)
      this.#words[entry * WORDS + 3] = this.#heads[slot]!
      this.#heads[slot] = entry + 1
    }
  }
}
