/** Makes the source itself playable, before anything is encoded: its own bytes in segments. */
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inputArguments, SOUND } from '../encode-arguments.ts'
import { type SourceJob, sourceOf, workOf } from '../job.ts'
import { masterPlaylist } from '../master-playlist.ts'
import { audioOf, type MediaFacts, videoOf } from '../media-facts.ts'
import { runProgram } from '../program.ts'
import { runFfmpeg, verifyMedia } from '../run-ffmpeg.ts'
import { mediaPlaylist, segmentsIn } from '../segment-list.ts'
import { hlsOutput } from '../segment-output.ts'
import { trueLengths } from '../true-lengths.ts'

await runProgram<SourceJob>(async (job) => {
  const { facts, directory } = job
  const [part, done] = [join(workOf(job), 'source.part'), join(directory, 'source')]
  if (!existsSync(done)) {
    await rm(part, { recursive: true, force: true })
    await mkdir(part, { recursive: true })
    const picture = ['-map', '0:v:0', '-c:v', 'copy']
    const out = hlsOutput(part, { segmentSeconds: job.segmentSeconds, playlist: 'index.m3u8' })
    const given = [...inputArguments(sourceOf(job)), ...picture, ...soundArguments(facts), ...out]
    await runFfmpeg(job, { arguments: given, duration: facts.duration })
    const playlist = join(part, 'index.m3u8')
    const listed = segmentsIn(await readFile(playlist, 'utf8'))
    const segments = await trueLengths(job.ffprobe, listed, { directory: part, duration: facts.duration })
    await writeFile(playlist, mediaPlaylist(segments), { flush: true })
    const expected = { duration: facts.duration, video: true, audio: audioOf(facts) !== undefined }
    await verifyMedia(job.ffprobe, playlist, expected)
    await rename(part, done)
  }
  if (existsSync(join(directory, 'index.m3u8'))) return
  const { width, height } = videoOf(facts)!
  const master = join(workOf(job), 'source.m3u8')
  await writeFile(master, masterPlaylist([{ name: 'source', width, height, bandwidth: facts.bitrate }]), {
    flush: true,
  })
  await rename(master, join(directory, 'index.m3u8'))
})

/** Sound that players of MPEG-TS know stays as it is. */
function soundArguments(facts: MediaFacts): readonly string[] {
  const sound = audioOf(facts)
  if (!sound) return []
  const isKnown = sound.codec === 'aac' && sound.channels <= 2
  return ['-map', '0:a:0', ...(isKnown ? ['-c:a', 'copy'] : SOUND)]
}
