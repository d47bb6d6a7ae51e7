/**
 * Makes all renditions and the thumbnails at once, beside what is published. Run again after a crash, it goes on with the
 * first segment that not all renditions have: none that was finished is encoded again.
 *
 * A rendition's segments lie in `<name>.part` until all are there and verified; then it becomes `<name>`.
 */
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeArguments } from '../encode-arguments.ts'
import { MediaError } from '../failure.ts'
import { type RenditionsJob, sourceOf, workOf } from '../job.ts'
import { audioOf, videoOf } from '../media-facts.ts'
import { type Profile, packagingOf } from '../profile.ts'
import { runProgram } from '../program.ts'
import { runFfmpeg, verifyMedia } from '../run-ffmpeg.ts'
import { firstOfRun, joinedRuns, mediaPlaylist, runPlaylist, type Segment, segmentsIn } from '../segment-list.ts'
import { thumbnailsTrack } from '../thumbnails-track.ts'

await runProgram<RenditionsJob>(async (job) => {
  const pending = job.profiles.filter(({ name }) => !existsSync(join(workOf(job), name)))
  const thumbnails = job.thumbnails && !existsSync(join(workOf(job), 'thumbnails'))
  const isMade = (profile: Profile): boolean => existsSync(join(partOf(job, profile), 'index.m3u8'))
  if (thumbnails || !pending.every(isMade)) await encode(job, pending, thumbnails)
  for (const profile of pending) {
    await verify(job, profile)
    await rename(partOf(job, profile), join(workOf(job), profile.name))
  }
})

function partOf(job: RenditionsJob, { name }: Profile): string {
  return join(workOf(job), `${name}.part`)
}

function picturesOf(job: RenditionsJob): string {
  return join(workOf(job), 'thumbnails.part')
}

async function encode(job: RenditionsJob, pending: readonly Profile[], thumbnails: boolean): Promise<void> {
  const { facts, segmentSeconds } = job
  const directories = [...pending.map((profile) => partOf(job, profile)), ...(thumbnails ? [picturesOf(job)] : [])]
  for (const directory of directories) await mkdir(directory, { recursive: true })
  const first = await firstMissing(job, pending)
  const request = {
    ...{ source: sourceOf(job), facts, profiles: pending, segmentSeconds, first },
    ...{ directoryOf: (profile: Profile) => partOf(job, profile), playlist: runPlaylist(first) },
    ...(thumbnails && { thumbnails: picturesOf(job) }),
  }
  await runFfmpeg({
    ffmpeg: job.ffmpeg,
    arguments: encodeArguments(request),
    duration: facts.duration,
    from: first * segmentSeconds,
    tell: () => finishedOf(job, pending),
  })
  for (const profile of pending) await writePlaylist(job, profile)
  if (thumbnails) await finishThumbnails(job)
}

async function runsOf(directory: string): Promise<ReadonlyMap<number, readonly Segment[]>> {
  const runs = new Map<number, readonly Segment[]>()
  for (const name of await readdir(directory)) {
    const first = firstOfRun(name)
    if (first !== undefined) runs.set(first, segmentsIn(await readFile(join(directory, name), 'utf8')))
  }
  return runs
}

/** Fragments (fMP4) are timed from where their run began: such renditions begin anew. */
async function firstMissing(job: RenditionsJob, pending: readonly Profile[]): Promise<number> {
  const finished = await Promise.all(
    pending.map(async (profile) => joinedRuns(await runsOf(partOf(job, profile))).length),
  )
  const resumable = pending.every((profile) => packagingOf(profile) === 'ts')
  const first = resumable ? Math.min(...finished) : 0
  // A run that stood at its very end is made again from its last segment: something must come out of it.
  const last = Math.max(0, Math.ceil(job.facts.duration / job.segmentSeconds) - 1)
  const from = Number.isFinite(first) ? Math.min(first, last) : 0
  for (const profile of pending) await forgetRuns(partOf(job, profile), from)
  return from
}

/** What earlier runs listed from here on will be written again. */
async function forgetRuns(directory: string, from: number): Promise<void> {
  for (const name of await readdir(directory))
    if ((firstOfRun(name) ?? -1) >= from) await rm(join(directory, name), { force: true })
}

async function writePlaylist(job: RenditionsJob, profile: Profile): Promise<void> {
  const directory = partOf(job, profile)
  const init = packagingOf(profile) === 'fmp4' ? 'init.mp4' : undefined
  const text = mediaPlaylist(joinedRuns(await runsOf(directory)), init)
  await writeFile(join(directory, 'index.part'), text, { flush: true })
  await forgetRuns(directory, 0)
  await rename(join(directory, 'index.part'), join(directory, 'index.m3u8'))
}

function verify(job: RenditionsJob, profile: Profile): Promise<unknown> {
  const { facts } = job
  const picture = videoOf(facts) !== undefined && profile.height > 0
  const expected = { duration: facts.duration, video: picture, audio: audioOf(facts) !== undefined }
  return verifyMedia(job.ffprobe, join(partOf(job, profile), 'index.m3u8'), expected)
}

async function finishThumbnails(job: RenditionsJob): Promise<void> {
  const directory = picturesOf(job)
  const count = (await readdir(directory)).filter((name) => name.endsWith('.png')).length
  if (count === 0) throw new MediaError('internal', 'no thumbnail was made')
  const track = thumbnailsTrack(count, job.segmentSeconds, job.facts.duration)
  await writeFile(join(directory, 'thumbnails.vtt'), track, { flush: true })
  await rename(directory, join(workOf(job), 'thumbnails'))
}

/** `360p0 3/6, 720p0 2/6`: whole segments of each rendition, for those who look at the step. */
async function finishedOf(job: RenditionsJob, pending: readonly Profile[]): Promise<string> {
  const all = Math.max(1, Math.ceil(job.facts.duration / job.segmentSeconds))
  const parts = pending.map(async (profile) => {
    const names = await readdir(partOf(job, profile)).catch(() => [])
    return `${profile.name} ${names.filter((name) => /^\d+\.(ts|m4s)$/.test(name)).length}/${all}`
  })
  return (await Promise.all(parts)).join(', ')
}
