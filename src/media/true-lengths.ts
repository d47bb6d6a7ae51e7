import { join } from 'node:path'
import { measureSpan } from './measure-span.ts'
import { lengthOf, type Segment } from './segment-list.ts'

/** Less is a matter of rounding, s. */
const SLACK_S = 0.2

/**
 * The segments of a directory as long as they are: of the last, ffmpeg's playlists count frames at a steady rate, and no
 * sound that goes on when the picture has ended. `duration`: of the whole, s; where it is reached nothing is measured.
 */
export async function trueLengths(
  ffprobe: string,
  segments: readonly Segment[],
  given: { readonly directory: string; readonly duration: number; readonly head?: string },
): Promise<readonly Segment[]> {
  const last = segments.at(-1)
  if (!last || given.duration - lengthOf(segments) < SLACK_S) return segments
  const file = join(given.directory, last.file)
  // A fragment is read behind what all of them begin with.
  const path = given.head === undefined ? file : `concat:${join(given.directory, given.head)}|${file}`
  const span = await measureSpan(ffprobe, path, ['-protocol_whitelist', 'file,concat'])
  // Segments begin with a picture; sound may be a little ahead of it.
  const seconds = span ? span.end - span.picture : 0
  return [...segments.slice(0, -1), { ...last, seconds: Math.max(seconds, last.seconds) }]
}
