import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { MediaError } from './failure.ts'
import { dialectOf } from './ffmpeg-dialect.ts'
import type { Job } from './job.ts'
import { measureSpan } from './measure-span.ts'
import { mediaEnvironment } from './media-environment.ts'
import { type MediaFacts, mediaFactsOf, withLength } from './media-facts.ts'
import { reportProgress } from './program.ts'

export interface FfmpegRun {
  readonly arguments: readonly string[]
  /** Of what is made in all, s; progress is told as a part of it. */
  readonly duration?: number
  /** Where this run begins, s. */
  readonly from?: number
  /** What else to say when progress is told. */
  readonly tell?: () => Promise<string>
  /** What it reads from `pipe:0`. */
  readonly input?: Readable
  /** Called when it gave up by itself: what it wrote last may be half, and called whole. */
  readonly onFailure?: () => Promise<void>
}

const STALL_MS = 5 * 60_000

/** Runs ffmpeg to its end, telling its progress. Rejects with MediaError `internal` when it fails or stalls. */
export async function runFfmpeg(
  { ffmpeg, stallMs = STALL_MS }: Pick<Job, 'ffmpeg' | 'stallMs'>,
  { arguments: given, duration = 0, from = 0, tell, input, onFailure }: FfmpegRun,
): Promise<void> {
  const { translated } = await dialectOf(ffmpeg)
  const quiet = ['-hide_banner', '-nostdin', '-y', '-loglevel', 'error', '-nostats', '-progress', 'pipe:1']
  const argv = [...quiet, ...translated(given)]
  const child = spawn(ffmpeg, argv, { stdio: ['pipe', 'pipe', 'pipe'], env: mediaEnvironment() })
  const unread = pipeline(input ?? Readable.from([]), child.stdin).then(
    () => undefined,
    (error: unknown) => error,
  )
  let disk = false
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    disk ||= text.includes('No space left on device')
    process.stderr.write(text)
  })
  let stalled = false
  const stall = setTimeout(() => {
    stalled = true
    child.kill('SIGKILL')
  }, stallMs)
  const moved = movement()
  const onLine = async (line: string): Promise<void> => {
    const [key = '', value] = line.split('=')
    if (!moved(key, Number(value))) return
    stall.refresh()
    if (key !== 'out_time_us' || !(duration > 0)) return
    const percent = (100 * (from + Number(value) / 1e6)) / duration
    reportProgress(Math.max(0, Math.min(99, percent)), await tell?.())
  }
  createInterface({ input: child.stdout }).on('line', (line) => void onLine(line))
  const how = await new Promise<string>((resolve, reject) => {
    child.on('error', (error) => reject(notStarted(error)))
    child.on('close', (code, signal) => resolve(signal ?? String(code)))
  })
  clearTimeout(stall)
  if (stalled) throw new MediaError('internal', `ffmpeg got on with nothing for ${stallMs} ms`)
  if (/^[1-9]/.test(how)) await onFailure?.()
  if (how !== '0') throw new MediaError(disk ? 'storage' : 'internal', `ffmpeg ended with ${how}`)
  const broken = await unread
  if (broken) throw new MediaError('internal', `its input broke off: ${String(broken)}`, broken)
}

function notStarted(error: NodeJS.ErrnoException): MediaError {
  return new MediaError(error.code === 'ENOENT' ? 'noTools' : 'internal', error.message, error)
}

/** Whether it got on: ffmpeg tells the same figures again while it stands still. */
function movement(): (key: string, value: number) => boolean {
  const furthest = new Map<string, number>()
  return (key, value) => {
    if (!(key === 'out_time_us' || key === 'total_size' || key === 'frame')) return false
    if (!(value > (furthest.get(key) ?? 0))) return false
    furthest.set(key, value)
    return true
  }
}

/** What ffprobe makes of a file; undefined when it holds no media. Its own messages go to the log. */
export async function probeFile(
  ffprobe: string,
  path: string,
  more: readonly string[] = [],
): Promise<MediaFacts | undefined> {
  const argv = [
    '-hide_banner',
    '-loglevel',
    'error',
    '-show_format',
    '-show_streams',
    '-of',
    'json',
    ...more,
    '-i',
    path,
  ]
  const child = spawn(ffprobe, argv, { stdio: ['ignore', 'pipe', 'inherit'], env: mediaEnvironment() })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', (error) => reject(notStarted(error)))
    child.on('close', resolve)
  })
  if (code !== 0) return undefined
  return mediaFactsOf(JSON.parse(text) as Parameters<typeof mediaFactsOf>[0])
}

/** Of Matroska the length is counted from 0, wherever the first packet lies. */
const COUNTED_FROM_0 = new Set(['mkv', 'webm'])
const LATE_S = 0.5

/** The same of a user's file, whose container may say nothing of its length, or something else. */
export async function probeInput(
  ffprobe: string,
  path: string,
  more: readonly string[],
): Promise<MediaFacts | undefined> {
  const facts = await probeFile(ffprobe, path, more)
  if (!facts) return undefined
  const begins = Math.min(...facts.tracks.map(({ startTime }) => startTime))
  const isLate = COUNTED_FROM_0.has(facts.format) && begins > LATE_S
  if (facts.duration > 0 && !isLate) return facts
  const span = await measureSpan(ffprobe, path, more)
  return span ? withLength(facts, span.end - span.first) : facts
}

/** A made file must hold what was promised, as long as its source: an exit code alone proves nothing. */
export async function verifyMedia(
  ffprobe: string,
  path: string,
  expected: { readonly duration: number; readonly video: boolean; readonly audio: boolean },
): Promise<MediaFacts> {
  const facts = await probeFile(
    ffprobe,
    path,
    ['-protocol_whitelist', 'file', '-allowed_extensions', 'ALL'].slice(0, path.endsWith('.m3u8') ? 4 : 2),
  )
  if (!facts) throw new MediaError('internal', `${path} cannot be read back`)
  const slack = Math.max(1, expected.duration * 0.05)
  if (expected.duration > 0 && Math.abs(facts.duration - expected.duration) > slack)
    throw new MediaError('internal', `${path} is ${facts.duration} s long, not ${expected.duration} s`)
  for (const type of ['video', 'audio'] as const)
    if (expected[type] && !facts.tracks.some((track) => track.type === type))
      throw new MediaError('internal', `${path} has no ${type}`)
  return facts
}
