/** One picture for each segment, and the track that says which is shown when. */
import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inputArguments } from '../encode-arguments.ts'
import { MediaError } from '../failure.ts'
import { sourceOf, type ThumbnailsJob, workOf } from '../job.ts'
import { runProgram } from '../program.ts'
import { runFfmpeg } from '../run-ffmpeg.ts'
import { thumbnailsTrack } from '../thumbnails-track.ts'

await runProgram<ThumbnailsJob>(async (job) => {
  const { facts, segmentSeconds } = job
  const [part, done] = [join(workOf(job), 'thumbnails.part'), join(workOf(job), 'thumbnails')]
  if (existsSync(done)) return
  await rm(part, { recursive: true, force: true })
  await mkdir(part, { recursive: true })
  const box = 'scale=w=640:h=360:force_original_aspect_ratio=decrease'
  const filter = `select='isnan(prev_selected_t)+gte(t-prev_selected_t,${segmentSeconds})',${box}`
  const out = ['-map', '0:v:0', '-vf', filter, '-vsync', 'vfr', '-start_number', '0', join(part, 'keyframes_%d.png')]
  const given = [...inputArguments(sourceOf(job)), '-an', '-sn', ...out]
  await runFfmpeg({ ffmpeg: job.ffmpeg, arguments: given, duration: facts.duration })
  const count = (await readdir(part)).length
  if (count === 0) throw new MediaError('internal', 'no thumbnail was made')
  const track = thumbnailsTrack(count, segmentSeconds, facts.duration)
  await writeFile(join(part, 'thumbnails.vtt'), track, { flush: true })
  await rename(part, done)
})
