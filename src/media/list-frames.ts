import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Frame } from './clip-parts.ts'
import { mediaEnvironment } from './media-environment.ts'

/**
 * The frames of a file's first picture, or those around a part of it, without decoding any: times in s from its beginning. Empty when
 * they cannot be told.
 */
export async function listFrames(
  ffprobe: string,
  path: string,
  options: {
    /** Absent: all of it. */
    readonly around?: { readonly start: number; readonly end: number }
    /** What the file calls its beginning, s. */
    readonly startTime: number
    readonly more: readonly string[]
  },
): Promise<readonly Frame[]> {
  const { around, startTime, more } = options
  const within = around && `${around.start + startTime}%${around.end + startTime + 1}`
  const what = ['-select_streams', 'v:0', '-show_entries', 'packet=pts_time,flags', '-of', 'csv=p=0']
  const argv = ['-loglevel', 'error', ...more, ...what, ...(within ? ['-read_intervals', within] : []), '-i', path]
  const child = spawn(ffprobe, argv, { stdio: ['ignore', 'pipe', 'inherit'], env: mediaEnvironment() })
  const frames: Frame[] = []
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [at, flags = ''] = line.split(',')
    if (at) frames.push({ at: Number(at) - startTime, isKey: flags.includes('K') })
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  return code === 0 && frames.every(({ at }) => Number.isFinite(at)) ? frames : []
}
