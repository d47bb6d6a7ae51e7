import { join } from 'node:path'
import { measureSpan, type Span } from './measure-span.ts'
import { lengthOf, type Segment } from './segment-list.ts'

/** Less is a matter of rounding, s. */
const SLACK_S = 0.2

/** Where segments lie, and what fragments begin with. */
interface Place {
  readonly directory: string
  /** Of the whole, s; where it is reached nothing is measured. */
  readonly duration: number
  readonly head?: string
}

/**
 * The segments of a directory as long as they are: of the last, ffmpeg's playlists count frames at a steady rate, and no
 * sound that goes on when the picture has ended. Builds before 5.1 count all of them so.
 */
export async function trueLengths(
  ffprobe: string,
  segments: readonly Segment[],
  place: Place,
): Promise<readonly Segment[]> {
  const isShort = (given: readonly Segment[]): boolean => place.duration - lengthOf(given) >= SLACK_S
  const last = segments.at(-1)
  if (!last || !isShort(segments)) return segments
  const measured = [...segments.slice(0, -1), lasting(last, await spanOf(ffprobe, last, place))]
  return isShort(measured) ? measuredAll(ffprobe, segments, place) : measured
}

/** Each ends where the next one's picture begins. */
async function measuredAll(ffprobe: string, segments: readonly Segment[], place: Place): Promise<readonly Segment[]> {
  const spans: (Span | undefined)[] = []
  for (const segment of segments) spans.push(await spanOf(ffprobe, segment, place))
  return segments.map((segment, i) => {
    const [span, next] = [spans[i], spans[i + 1]]
    return lasting(segment, span && next ? { ...span, end: next.picture } : span)
  })
}

function spanOf(ffprobe: string, { file }: Segment, { directory, head }: Place): Promise<Span | undefined> {
  const path = join(directory, file)
  // A fragment is read behind what all of them begin with.
  const whole = head === undefined ? path : `concat:${join(directory, head)}|${path}`
  return measureSpan(ffprobe, whole, ['-protocol_whitelist', 'file,concat'])
}

/** Segments begin with a picture; sound may be a little ahead of it. */
const lasting = (segment: Segment, span: Span | undefined): Segment => ({
  ...segment,
  seconds: Math.max(segment.seconds, span ? span.end - span.picture : 0),
})
