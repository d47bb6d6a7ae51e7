import { type FrameHead, type FrameKey, headAt, holds, keyBytesAt, payloadAt } from './frame.ts'

/** A frame of one attempt, read and checked. */
export interface AttemptFrame extends FrameHead {
  readonly payload: Buffer
  /** Of the whole frame in its file. */
  readonly bytes: number
}

/**
 * The frames of `key` in `buffer` that begin before `end`. `needed` is above 0 when one of them goes on behind the
 * buffer: that many bytes hold it. A frame whose checksum fails is left out. Payloads are copies, so that a kept
 * line does not keep the window of a shared file.
 */
export function attemptFrames(
  buffer: Buffer,
  end: number,
  key: FrameKey,
): { readonly frames: readonly AttemptFrame[]; readonly needed: number } {
  const frames: AttemptFrame[] = []
  for (let at = 0; at < end; ) {
    const frame = headAt(buffer, at)
    if (!frame) break
    if (frame.low === key.low && frame.high === key.high && keyBytesAt(buffer, at, frame).equals(key.bytes)) {
      if (at + frame.bytes > buffer.length) return { frames, needed: at + frame.bytes }
      if (holds(buffer, at, frame)) frames.push({ ...frame, payload: Buffer.from(payloadAt(buffer, at, frame)) })
    }
    at += frame.bytes
  }
  return { frames, needed: 0 }
}
