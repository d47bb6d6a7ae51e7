/**
 * Where a clip can be cut without encoding: between the first key frame in it and the last. Only what lies before and
 * behind is encoded, so that its ends are exact to the frame and its middle is the source's own.
 */

/** A frame of the source. */
export interface Frame {
  /** When it is shown, s from the source's beginning. */
  readonly at: number
  readonly isKey: boolean
}

export interface ClipParts {
  /** When the first frame of the clip is shown, s. */
  readonly first: number
  /** The reused middle begins with the key frame at `from` and ends in front of the one at `to`. */
  readonly from: number
  readonly to: number
  /** In front of the middle, in it, behind it, and in all. */
  readonly headFrames: number
  readonly middleFrames: number
  readonly tailFrames: number
  readonly frames: number
}

/** Frames are given in no certain order. `start`, `end`: s. Undefined: no part of it can be reused. */
export function clipParts(frames: readonly Frame[], start: number, end: number): ClipParts | undefined {
  const within = frames.filter(({ at }) => at >= start - TOLERANCE_S && at < end - TOLERANCE_S)
  const keys = within.filter(({ isKey }) => isKey).map(({ at }) => at)
  const [from, lastKey] = [Math.min(...keys), Math.max(...keys)]
  const latest = Math.max(...frames.map(({ at }) => at))
  // To the very end of the source everything behind the first key frame is its own.
  const isWhole = within.some(({ at }) => at === latest)
  const next = Math.min(...frames.filter(({ isKey, at }) => isKey && at >= end - TOLERANCE_S).map(({ at }) => at))
  const endsOnKey = next - end < TOLERANCE_S
  const to = isWhole ? Number.POSITIVE_INFINITY : endsOnKey ? next : lastKey
  if (keys.length === 0 || !(to > from)) return undefined
  return {
    first: Math.min(...within.map(({ at }) => at)),
    from,
    to,
    headFrames: within.filter(({ at }) => at < from).length,
    middleFrames: within.filter(({ at }) => at >= from && at < to).length,
    tailFrames: within.filter(({ at }) => at >= to).length,
    frames: within.length,
  }
}

/** Time stamps of containers are rounded; frames stand further apart. */
const TOLERANCE_S = 0.000_5
