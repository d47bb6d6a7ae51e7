import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { mediaEnvironment } from './media-environment.ts'

/** When a file's packets are shown, s, as it counts. */
export interface Span {
  /** Of its first packet, whatever that is. */
  readonly first: number
  /** Of its first picture; where it has none, as `first`. */
  readonly picture: number
  /** The end of what is shown last. */
  readonly end: number
}

/**
 * What a container says of its length may be missing (recordings of browsers), counted from elsewhere, or a guess: this reads
 * all of the file, and decodes nothing. Undefined where no times are known.
 */
export async function measureSpan(ffprobe: string, path: string, more: readonly string[]): Promise<Span | undefined> {
  const what = ['-show_entries', 'packet=codec_type,pts_time,duration_time', '-of', 'csv=p=0']
  const argv = ['-loglevel', 'error', ...more, ...what, '-i', path]
  const child = spawn(ffprobe, argv, { stdio: ['ignore', 'pipe', 'inherit'], env: mediaEnvironment() })
  const first = { video: Number.POSITIVE_INFINITY, audio: Number.POSITIVE_INFINITY }
  let end = Number.NEGATIVE_INFINITY
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [type = '', ...times] = line.split(',')
    const [at = Number.NaN, seconds = 0] = times.map(Number.parseFloat)
    if (!Number.isFinite(at) || (type !== 'video' && type !== 'audio')) return
    first[type] = Math.min(first[type], at)
    end = Math.max(end, at + (seconds || 0))
  })
  await new Promise<void>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', () => resolve())
  })
  const begin = Math.min(first.video, first.audio)
  if (!(end > begin)) return undefined
  return { first: begin, picture: Number.isFinite(first.video) ? first.video : begin, end }
}
