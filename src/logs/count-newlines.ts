/**
 * Counts newlines sixteen at a time. A writer must know how many lines a chunk holds, and `indexOf` line by line was the
 * largest part of its time (19 µs for 64 KB of 85-byte lines, against 15 µs for the write itself).
 *
 * The module is this, assembled by hand:
 *   (memory (export "m") 5)
 *   (func (export "c") (param $n i32) (result i32) (local $i i32) (local $s i32)
 *     (loop $more
 *       (local.set $s (i32.add (local.get $s) (i32.popcnt
 *         (i8x16.bitmask (i8x16.eq (v128.load (local.get $i)) (i8x16.splat (i32.const 10)))))))
 *       (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 16))) (local.get $n))))
 *     (local.get $s))
 */
const MODULE = Buffer.from(
  '0061736d01000000010601' + // magic, version; one type
    '60017f017f03020100' + // (i32) → i32; one function of it
    '0503010005' + // memory of 5 pages
    '070902016d020001630000' + // exports m, c
    '0a2b012901027f0340' + // code: locals, loop
    '20022001fd000400410afd0ffd23fd64696a2102' +
    '200141106a22012000490d000b20020b',
  'hex',
)
const NEWLINE = 10
const LANE_BYTES = 16
const BLOCK_BYTES = 262_144
const SMALL_BYTES = 1_024

interface Counter {
  readonly memory: Uint8Array
  readonly count: (bytes: number) => number
}

let counter: Counter | undefined

/** Newlines in `bytes`. */
export function countNewlines(bytes: Buffer): number {
  if (bytes.length < SMALL_BYTES) return countOneByOne(bytes)
  counter ??= makeCounter()
  let total = 0
  for (let from = 0; from < bytes.length; from += BLOCK_BYTES) {
    total += countBlock(counter, bytes.subarray(from, from + BLOCK_BYTES))
  }
  return total
}

function countBlock({ memory, count }: Counter, block: Buffer): number {
  memory.set(block)
  const padded = Math.ceil(block.length / LANE_BYTES) * LANE_BYTES
  memory.fill(0, block.length, padded)
  return count(padded)
}

function countOneByOne(bytes: Buffer): number {
  let count = 0
  for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) count++
  return count
}

/** The part of the WebAssembly global that is used here: Node's types leave it to those of browsers. */
interface Assembly {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (
    module: object,
  ) => {
    readonly exports: { readonly m: { readonly buffer: ArrayBuffer }; readonly c: (bytes: number) => number }
  }
}

function makeCounter(): Counter {
  const { Module, Instance } = (globalThis as unknown as { readonly WebAssembly: Assembly }).WebAssembly
  const { m, c } = new Instance(new Module(MODULE)).exports
  return { memory: new Uint8Array(m.buffer), count: c }
}
