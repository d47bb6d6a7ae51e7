/**
 * Cuts a part out of another asset's source, frame by frame: from the first wanted one to the last. What lies between key
 * frames is taken as it is; only the ends are encoded. Where that cannot be (other codecs, turned pictures, too few key
 * frames), or does not give the very frames, all of it is encoded.
 */
import { existsSync } from 'node:fs'
import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ClipParts, clipParts, type Frame } from '../clip-parts.ts'
import { INPUT_FORMATS, inputArguments, SOUND } from '../encode-arguments.ts'
import { MediaError } from '../failure.ts'
import { type CutJob, sourceOf, workOf } from '../job.ts'
import { listFrames } from '../list-frames.ts'
import { type MediaFacts, videoOf } from '../media-facts.ts'
import { runProgram } from '../program.ts'
import { probeInput, runFfmpeg, verifyMedia } from '../run-ffmpeg.ts'

/** Seeking a little before a frame finds it, whichever way its time was rounded, s. */
const LEAD_S = 0.000_5
/** Where frames are found by the order of decoding, ffmpeg seeks so far in front of what it was told (`3/23`), s. */
const SEEKS_AHEAD_S = 3 / 23
/** Containers in which a key frame is found by its time; in others a seek ends anywhere between two. */
const INDEXED = new Set(['mp4', 'mov', 'mkv', 'webm'])
const ENCODED = ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '18', '-pix_fmt', 'yuv420p', '-bf', '0', '-g', '48']
/** None is doubled or dropped, whatever the seeking made of their times. */
const EVERY_FRAME = ['-fps_mode', 'passthrough', '-enc_time_base', '-1']
/** Names of what lies in the work directory only meanwhile. */
const PARTS = ['indexed.mkv', 'head.ts', 'middle0.ts', 'middle1.ts', 'tail.ts', 'parts.txt', 'cut.ts', 'cut.mp4']
const GUARDED = ['-protocol_whitelist', 'file', '-format_whitelist', INPUT_FORMATS]

interface Cut {
  readonly job: CutJob
  /** The source, or the same in a container that can be sought in. */
  readonly from: string
  readonly facts: MediaFacts
  /** s */
  readonly start: number
  readonly end: number
}

await runProgram<CutJob>(async (job) => {
  if (existsSync(sourceOf(job))) return
  const { from, facts } = await indexed(job, await readable(job, job.from))
  const start = job.startMs / 1_000
  const end = Math.min((job.endMs ?? Number.POSITIVE_INFINITY) / 1_000, facts.duration)
  if (start >= end) throw new MediaError('clip', `${start} s is not before ${end} s`)
  const cut = { job, from, facts, start, end }
  const part = (await reused(cut)) ?? (await encoded(cut))
  await verifyMedia(job.ffprobe, part, { duration: end - start, video: videoOf(facts) !== undefined, audio: false })
  await rename(part, sourceOf(job))
  for (const name of PARTS) await rm(join(workOf(job), name), { force: true })
})

async function readable(job: CutJob, path: string): Promise<MediaFacts> {
  const facts = await probeInput(job.ffprobe, path, GUARDED)
  if (!facts) throw new MediaError('probe', 'the source to cut from cannot be read')
  return facts
}

async function indexed(job: CutJob, facts: MediaFacts): Promise<Pick<Cut, 'from' | 'facts'>> {
  if (INDEXED.has(facts.format)) return { from: job.from, facts }
  const from = join(workOf(job), 'indexed.mkv')
  const copied = ['-map', '0:v:0?', '-map', '0:a:0?', '-c', 'copy', '-f', 'matroska', from]
  await runFfmpeg(job, { arguments: [...inputArguments(job.from), ...copied] })
  return { from, facts: await readable(job, from) }
}

/** The whole part anew. */
async function encoded({ job, from, start, end }: Cut): Promise<string> {
  const part = join(workOf(job), 'cut.mp4')
  await rm(part, { force: true })
  const out = [...EVERY_FRAME, ...ENCODED, ...SOUND, '-movflags', '+faststart', '-f', 'mp4', part]
  // In front of the input: ffmpeg seeks to the key frame before, then decodes to the very frame.
  const tracks = ['-map', '0:v:0?', '-map', '0:a:0?']
  const given = ['-ss', sought(start), ...inputArguments(from), '-t', String(end - start), ...tracks, ...out]
  await runFfmpeg(job, { arguments: given, duration: end - start })
  return part
}

function sought(seconds: number): string {
  return String(Math.max(0, seconds - LEAD_S))
}

/** Undefined where nothing of it can be taken as it is. MPEG-TS: its parts may be coded each in its own way. */
async function reused(cut: Cut): Promise<string | undefined> {
  const { job, from, facts, start, end } = cut
  const video = videoOf(facts)
  if (video?.codec !== 'h264' || video.rotation !== undefined || !/^yuvj?420p$/.test(video.pixelFormat))
    return undefined
  const around = { start, end }
  const frames = await listFrames(job.ffprobe, from, { around, startTime: beginningOf(facts), more: GUARDED })
  const parts = clipParts(frames, start, end)
  const middle = parts && (await copiedMiddle(cut, parts))
  if (!middle) return undefined
  const whole = await joined(cut, parts, middle)
  return (await framesIn(job, whole)).length === parts.frames ? whole : undefined
}

/** What the file calls its beginning, s. */
function beginningOf({ tracks }: MediaFacts): number {
  return Math.min(...tracks.map((track) => track.startTime))
}

/** Undefined where no seeking ends at the very key frame. Times stay those of the source, and tell where it began. */
async function copiedMiddle({ job, from: source, facts }: Cut, parts: ClipParts): Promise<string | undefined> {
  const path = join(workOf(job), 'middle0.ts')
  const first = beginningOf(facts) + parts.from
  for (const lead of [LEAD_S, LEAD_S + SEEKS_AHEAD_S]) {
    await copy(job, source, { ...parts, seek: parts.from + lead, beginning: beginningOf(facts) })
    const frames = await framesIn(job, path)
    const landed = Math.min(...frames.map(({ at }) => at))
    // In front of the first nothing lies; where decoding begins before it, times are moved.
    const isFirst = parts.from < LEAD_S || Math.abs(landed - first) < LEAD_S * 4
    if (frames.length === parts.middleFrames && isFirst) return path
  }
  return undefined
}

async function copy(
  job: CutJob,
  source: string,
  { from, to, seek, beginning }: ClipParts & { readonly seek: number; readonly beginning: number },
): Promise<void> {
  const isOpen = !Number.isFinite(to)
  const until = isOpen
    ? ['-segment_time', '1000000']
    : ['-segment_times', String(beginning + to), '-segment_time_delta', String(LEAD_S * 2)]
  const some = isOpen ? [] : ['-t', String(to - from + 1)]
  const given = ['-copyts', '-ss', String(seek), ...some, ...inputArguments(source), '-map', '0:v:0', '-c', 'copy']
  const out = ['-muxdelay', '0', '-muxpreload', '0', '-f', 'segment', ...until, '-segment_format', 'mpegts']
  await runFfmpeg(job, { arguments: [...given, ...out, join(workOf(job), 'middle%d.ts')] })
}

/** So many frames of the source from `start` on, encoded. */
async function end({ job, from }: Cut, name: string, start: number, frames: number): Promise<string> {
  const path = join(workOf(job), name)
  const given = ['-ss', sought(start), ...inputArguments(from), '-frames:v', String(frames), '-map', '0:v:0', '-an']
  await runFfmpeg(job, { arguments: [...given, ...EVERY_FRAME, ...ENCODED, '-f', 'mpegts', path] })
  return path
}

async function joined(cut: Cut, parts: ClipParts, middle: string): Promise<string> {
  const { job, from: source, end: last, facts } = cut
  const { first, from, to, headFrames, tailFrames } = parts
  const files: (readonly [path: string, seconds: number])[] = []
  if (headFrames > 0) files.push([await end(cut, 'head.ts', first, headFrames), from - first])
  files.push([middle, Math.min(to, last) - from])
  if (tailFrames > 0) files.push([await end(cut, 'tail.ts', to, tailFrames), last - to])
  const list = join(workOf(job), 'parts.txt')
  await writeFile(list, files.map(([path, seconds]) => `file '${path}'\nduration ${seconds.toFixed(6)}\n`).join(''))
  const whole = join(workOf(job), 'cut.ts')
  const hasSound = facts.tracks.some(({ type }) => type === 'audio')
  const sound = hasSound ? ['-ss', sought(first), '-t', String(last - first), ...inputArguments(source)] : []
  const maps = ['-map', '0:v:0', '-c:v', 'copy', ...(hasSound ? ['-map', '1:a:0', ...SOUND] : [])]
  const given = ['-protocol_whitelist', 'file', '-f', 'concat', '-safe', '0', '-i', list, ...sound, ...maps]
  await runFfmpeg(job, { arguments: [...given, '-f', 'mpegts', whole], duration: last - first })
  return whole
}

function framesIn(job: CutJob, path: string): Promise<readonly Frame[]> {
  return listFrames(job.ffprobe, path, { startTime: 0, more: ['-protocol_whitelist', 'file'] })
}
