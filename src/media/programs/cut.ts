/**
 * Cuts a part out of another asset's source, frame by frame: from the first wanted one to the last. What lies between key
 * frames is taken as it is; only the ends are encoded. Where that cannot be (other codecs, turned pictures, too few key
 * frames), or does not give the very frames, all of it is encoded.
 */
import { existsSync } from 'node:fs'
import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ClipParts, clipParts } from '../clip-parts.ts'
import { INPUT_FORMATS, inputArguments, SOUND } from '../encode-arguments.ts'
import { MediaError } from '../failure.ts'
import { type CutJob, sourceOf, workOf } from '../job.ts'
import { listFrames } from '../list-frames.ts'
import { type MediaFacts, videoOf } from '../media-facts.ts'
import { runProgram } from '../program.ts'
import { probeFile, runFfmpeg, verifyMedia } from '../run-ffmpeg.ts'

/** Seeking a little before a frame finds it, whichever way its time was rounded, s. */
const LEAD_S = 0.000_5
const ENCODED = ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '18', '-pix_fmt', 'yuv420p', '-bf', '0', '-g', '48']
/** None is doubled or dropped, whatever the seeking made of their times. */
const EVERY_FRAME = ['-fps_mode', 'passthrough', '-enc_time_base', '-1']
const GUARDED = ['-protocol_whitelist', 'file', '-format_whitelist', INPUT_FORMATS]

interface Cut {
  readonly job: CutJob
  readonly facts: MediaFacts
  /** s */
  readonly start: number
  readonly end: number
}

await runProgram<CutJob>(async (job) => {
  if (existsSync(sourceOf(job))) return
  const facts = await probeFile(job.ffprobe, job.from, GUARDED)
  if (!facts) throw new MediaError('probe', 'the source to cut from cannot be read')
  const start = job.startMs / 1_000
  const end = Math.min((job.endMs ?? Number.POSITIVE_INFINITY) / 1_000, facts.duration)
  if (start >= end) throw new MediaError('clip', `${start} s is not before ${end} s`)
  const cut = { job, facts, start, end }
  const part = (await reused(cut)) ?? (await encoded(cut))
  await verifyMedia(job.ffprobe, part, { duration: end - start, video: videoOf(facts) !== undefined, audio: false })
  await rename(part, sourceOf(job))
  for (const name of ['head.ts', 'middle0.ts', 'middle1.ts', 'tail.ts', 'parts.txt'])
    await rm(join(workOf(job), name), { force: true })
})

/** The whole part anew. */
async function encoded({ job, start, end }: Cut): Promise<string> {
  const part = join(workOf(job), 'cut.mp4')
  await rm(part, { force: true })
  const out = [...EVERY_FRAME, ...ENCODED, ...SOUND, '-movflags', '+faststart', '-f', 'mp4', part]
  // In front of the input: ffmpeg seeks to the key frame before, then decodes to the very frame.
  const tracks = ['-map', '0:v:0?', '-map', '0:a:0?']
  const given = ['-ss', sought(start), ...inputArguments(job.from), '-t', String(end - start), ...tracks, ...out]
  await runFfmpeg(job, { arguments: given, duration: end - start })
  return part
}

function sought(seconds: number): string {
  return String(Math.max(0, seconds - LEAD_S))
}

/** Undefined where nothing of it can be taken as it is. MPEG-TS: its parts may be coded each in its own way. */
async function reused(cut: Cut): Promise<string | undefined> {
  const { job, facts, start, end } = cut
  const video = videoOf(facts)
  if (video?.codec !== 'h264' || video.rotation !== undefined || !/^yuvj?420p$/.test(video.pixelFormat))
    return undefined
  const startTime = Math.min(...facts.tracks.map((track) => track.startTime))
  const frames = await listFrames(job.ffprobe, job.from, { around: { start, end }, startTime, more: GUARDED })
  const parts = clipParts(frames, start, end)
  if (!parts) return undefined
  const middle = await copiedMiddle(cut, parts)
  if ((await framesIn(job, middle)) !== parts.middleFrames) return undefined
  const whole = await joined(cut, parts, middle)
  return (await framesIn(job, whole)) === parts.frames ? whole : undefined
}

async function copiedMiddle({ job }: Cut, { from, to }: ClipParts): Promise<string> {
  const files = join(workOf(job), 'middle%d.ts')
  const until = Number.isFinite(to)
    ? ['-segment_times', String(to - from), '-segment_time_delta', String(LEAD_S * 2)]
    : ['-segment_time', '1000000']
  const some = Number.isFinite(to) ? ['-t', String(to - from + 1)] : []
  const given = ['-ss', String(from + LEAD_S), ...inputArguments(job.from), ...some, '-map', '0:v:0', '-c', 'copy']
  const out = ['-f', 'segment', ...until, '-segment_format', 'mpegts', files]
  await runFfmpeg(job, { arguments: [...given, ...out] })
  return join(workOf(job), 'middle0.ts')
}

/** Frames of the source from `start` on for `seconds`, encoded. */
async function end(job: CutJob, name: string, start: number, seconds: number): Promise<string> {
  const path = join(workOf(job), name)
  const given = ['-ss', sought(start), ...inputArguments(job.from), '-t', String(seconds), '-map', '0:v:0', '-an']
  await runFfmpeg(job, { arguments: [...given, '-fps_mode', 'vfr', ...ENCODED, '-f', 'mpegts', path] })
  return path
}

async function joined(cut: Cut, parts: ClipParts, middle: string): Promise<string> {
  const { job, start, end: last, facts } = cut
  const { first, from, to, hasTail } = parts
  const files: (readonly [path: string, seconds: number])[] = []
  if (first < from) files.push([await end(job, 'head.ts', start, from - start), from - first])
  files.push([middle, Math.min(to, last) - from])
  if (hasTail) files.push([await end(job, 'tail.ts', to, last - to), last - to])
  const list = join(workOf(job), 'parts.txt')
  await writeFile(list, files.map(([path, seconds]) => `file '${path}'\nduration ${seconds.toFixed(6)}\n`).join(''))
  const whole = join(workOf(job), 'cut.ts')
  const hasSound = facts.tracks.some(({ type }) => type === 'audio')
  const sound = hasSound ? ['-ss', sought(start), '-t', String(last - start), ...inputArguments(job.from)] : []
  const maps = ['-map', '0:v:0', '-c:v', 'copy', ...(hasSound ? ['-map', '1:a:0', ...SOUND] : [])]
  const given = ['-protocol_whitelist', 'file', '-f', 'concat', '-safe', '0', '-i', list, ...sound, ...maps]
  await runFfmpeg(job, { arguments: [...given, '-f', 'mpegts', whole], duration: last - start })
  return whole
}

async function framesIn(job: CutJob, path: string): Promise<number> {
  return (await listFrames(job.ffprobe, path, { startTime: 0, more: ['-protocol_whitelist', 'file'] })).length
}
