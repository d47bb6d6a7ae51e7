/** Cuts a part out of another asset's source, frame by frame: from the first wanted one to the last. */
import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { inputArguments, SOUND } from '../encode-arguments.ts'
import { MediaError } from '../failure.ts'
import { type CutJob, sourceOf, workOf } from '../job.ts'
import { videoOf } from '../media-facts.ts'
import { runProgram } from '../program.ts'
import { probeFile, runFfmpeg, verifyMedia } from '../run-ffmpeg.ts'

await runProgram<CutJob>(async (job) => {
  if (existsSync(sourceOf(job))) return
  const facts = await probeFile(job.ffprobe, job.from)
  if (!facts) throw new MediaError('probe', 'the source to cut from cannot be read')
  const start = job.startMs / 1_000
  const end = Math.min((job.endMs ?? Number.POSITIVE_INFINITY) / 1_000, facts.duration)
  if (start >= end) throw new MediaError('clip', `${start} s is not before ${end} s`)
  const part = join(workOf(job), 'cut.mp4')
  await rm(part, { force: true })
  const seconds = String(end - start)
  const picture = [
    '-c:v',
    'libx264',
    '-preset',
    'veryfast',
    '-crf',
    '18',
    '-pix_fmt',
    'yuv420p',
    '-bf',
    '0',
    '-g',
    '48',
  ]
  const out = ['-t', seconds, ...picture, ...SOUND, '-movflags', '+faststart', '-f', 'mp4', part]
  // In front of the input: ffmpeg seeks to the key frame before, then decodes to the very frame.
  const given = ['-ss', String(start), ...inputArguments(job.from), '-map', '0:v:0?', '-map', '0:a:0?', ...out]
  await runFfmpeg({ ffmpeg: job.ffmpeg, arguments: given, duration: end - start })
  await verifyMedia(job.ffprobe, part, { duration: end - start, video: videoOf(facts) !== undefined, audio: false })
  await rename(part, sourceOf(job))
})
