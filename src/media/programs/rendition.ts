/** Makes one rendition's segments, beside what is published; done already, it only checks them. */
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeArguments } from '../encode-arguments.ts'
import { type RenditionJob, sourceOf, workOf } from '../job.ts'
import { audioOf, videoOf } from '../media-facts.ts'
import { runProgram } from '../program.ts'
import { runFfmpeg, verifyMedia } from '../run-ffmpeg.ts'

await runProgram<RenditionJob>(async (job) => {
  const { facts, profile, segmentSeconds } = job
  const done = join(workOf(job), profile.name)
  const part = join(workOf(job), `${profile.name}.part`)
  const expected = {
    duration: facts.duration,
    video: videoOf(facts) !== undefined && profile.height > 0,
    audio: audioOf(facts) !== undefined,
  }
  if (existsSync(done)) return void (await verifyMedia(job.ffprobe, join(done, 'index.m3u8'), expected))
  await rm(part, { recursive: true, force: true })
  await mkdir(part, { recursive: true })
  const request = { source: sourceOf(job), facts, profile, directory: part, segmentSeconds }
  await runFfmpeg({ ffmpeg: job.ffmpeg, arguments: encodeArguments(request), duration: facts.duration })
  await verifyMedia(job.ffprobe, join(part, 'index.m3u8'), expected)
  await rename(part, done)
})
