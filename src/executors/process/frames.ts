/** Frames of the cell protocol: four bytes of length, little-endian, then that many bytes of JSON. */
export function encodeFrame(value: unknown): Buffer {
  const text = JSON.stringify(value)
  const frame = Buffer.allocUnsafe(4 + Buffer.byteLength(text))
  frame.writeUInt32LE(frame.length - 4, 0)
  frame.write(text, 4)
  return frame
}

const MAX_FRAME = 512 * 1024 * 1024

/** Puts frames together from whatever pieces a socket gives. */
export class FrameReader {
  #pieces: Buffer[] = []
  #have = 0

  /** The frames that `piece` completes. Keeps what is left: `piece` must not be overwritten afterwards. */
  feed(piece: Buffer): unknown[] {
    this.#pieces.push(piece)
    this.#have += piece.length
    const frames: unknown[] = []
    for (let size = this.#nextSize(); size !== undefined && this.#have >= size; size = this.#nextSize()) {
      const all = this.#joined()
      frames.push(JSON.parse(all.toString('utf8', 4, size)))
      this.#keep(all.subarray(size))
    }
    return frames
  }

  #nextSize(): number | undefined {
    if (this.#have < 4) return undefined
    if (this.#pieces[0]!.length < 4) this.#joined()
    const size = this.#pieces[0]!.readUInt32LE(0) + 4
    if (size > MAX_FRAME) throw new Error(`a frame of ${size} bytes is not of this protocol`)
    return size
  }

  #joined(): Buffer {
    if (this.#pieces.length > 1) this.#pieces = [Buffer.concat(this.#pieces)]
    return this.#pieces[0]!
  }

  #keep(rest: Buffer): void {
    this.#pieces = rest.length > 0 ? [rest] : []
    this.#have = rest.length
  }
}
