import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { MediaError } from './failure.ts'
import { type MediaFacts, mediaFactsOf } from './media-facts.ts'
import { reportProgress } from './program.ts'

export interface FfmpegRun {
  readonly ffmpeg: string
  readonly arguments: readonly string[]
  /** Of what it makes, s; progress is told as a part of it. */
  readonly duration?: number
}

/** No progress of ffmpeg for this long is a failure, ms. */
const STALL_MS = 5 * 60_000

/** Runs ffmpeg to its end, telling its progress. Rejects with MediaError `internal` when it fails or stalls. */
export async function runFfmpeg({ ffmpeg, arguments: given, duration = 0 }: FfmpegRun): Promise<void> {
  const argv = ['-hide_banner', '-nostdin', '-y', '-loglevel', 'error', '-nostats', '-progress', 'pipe:1', ...given]
  const child = spawn(ffmpeg, argv, { stdio: ['ignore', 'pipe', 'inherit'] })
  const stall = setTimeout(() => child.kill('SIGKILL'), STALL_MS)
  const onLine = (line: string): void => {
    const [key, value] = line.split('=')
    if (key !== 'out_time_us' || !(duration > 0)) return
    stall.refresh()
    reportProgress(Math.max(0, Math.min(99, Number(value) / 10_000 / duration)) || 0)
  }
  createInterface({ input: child.stdout }).on('line', onLine)
  const how = await new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message))
    child.on('close', (code, signal) => resolve(signal ?? String(code)))
  })
  clearTimeout(stall)
  if (how !== '0') throw new MediaError('internal', `ffmpeg ended with ${how}`)
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
  const child = spawn(ffprobe, argv, { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  if (code !== 0) return undefined
  return mediaFactsOf(JSON.parse(text) as Parameters<typeof mediaFactsOf>[0])
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
