/**
 * Makes all renditions and the thumbnails at once, beside what is published. Run again after a crash, it goes on with the
 * first segment that not all renditions have: none that was finished is encoded again.
 *
 * A rendition's segments lie in `<name>.part` until all are there and verified; then it becomes `<name>`. Where no
 * playlist can hold it, its segments become one file in there, `whole.webm`.
 */
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeArguments } from '../encode-arguments.ts'
import { MediaError } from '../failure.ts'
import { dialectOf } from '../ffmpeg-dialect.ts'
import { type RenditionsJob, sourceOf, workOf } from '../job.ts'
import { joinedWebm } from '../join-webm.ts'
import { audioOf, videoOf } from '../media-facts.ts'
import { isStreamed, type Profile, packagingOf } from '../profile.ts'
import { runProgram } from '../program.ts'
import { runFfmpeg, verifyMedia } from '../run-ffmpeg.ts'
import {
  countInPlace,
  firstOfRun,
  isEnded,
  joinedRuns,
  mediaPlaylist,
  runPlaylist,
  type Segment,
  segmentsIn,
} from '../segment-list.ts'
import { HEAD } from '../segment-output.ts'
import { thumbnailsTrack } from '../thumbnails-track.ts'
import { trueLengths } from '../true-lengths.ts'

/** Lists of runs, their heads, segments that were joined, and what a killed run wrote aside. */
const LEFT_OVER = /^(from-\d+\.m3u8|init-\d+\.mp4|\d+\.webm|.+\.(part|tmp))$/

await runProgram<RenditionsJob>(async (job) => {
  const pending = job.profiles.filter(({ name }) => !existsSync(join(workOf(job), name)))
  const thumbnails = job.thumbnails && !existsSync(join(workOf(job), 'thumbnails'))
  const open = await openOf(job, pending)
  if (thumbnails || open.length > 0) await encode(job, open, thumbnails)
  await Promise.all(pending.map((profile) => complete(job, profile)))
})

async function complete(job: RenditionsJob, profile: Profile): Promise<void> {
  const directory = partOf(job, profile)
  if (!existsSync(join(directory, wholeOf(profile)))) await finish(job, profile)
  await verify(job, profile)
  await tidy(directory)
  await rename(directory, join(workOf(job), profile.name))
}

/** What there is once all of its segments are. */
function wholeOf(profile: Profile): string {
  return isStreamed(profile) ? 'index.m3u8' : 'whole.webm'
}

function partOf(job: RenditionsJob, { name }: Profile): string {
  return join(workOf(job), `${name}.part`)
}

function picturesOf(job: RenditionsJob): string {
  return join(workOf(job), 'thumbnails.part')
}

/** Of which not all segments are there. */
async function openOf(job: RenditionsJob, pending: readonly Profile[]): Promise<readonly Profile[]> {
  const open: Profile[] = []
  for (const profile of pending) {
    const directory = partOf(job, profile)
    if (existsSync(join(directory, wholeOf(profile))) || (await lastRunEnded(directory))) continue
    open.push(profile)
  }
  return open
}

async function encode(job: RenditionsJob, open: readonly Profile[], thumbnails: boolean): Promise<void> {
  const { facts, segmentSeconds } = job
  const directories = [...open.map((profile) => partOf(job, profile)), ...(thumbnails ? [picturesOf(job)] : [])]
  for (const directory of directories) await mkdir(directory, { recursive: true })
  const first = await firstMissing(job, open, thumbnails)
  const request = {
    ...{ source: sourceOf(job), facts, profiles: open, segmentSeconds, first },
    ...{ directoryOf: (profile: Profile) => partOf(job, profile), playlist: runPlaylist(first) },
    ...(thumbnails && { thumbnails: picturesOf(job) }),
  }
  await runFfmpeg(job, {
    arguments: encodeArguments(request),
    duration: facts.duration,
    from: first * segmentSeconds,
    tell: () => finishedOf(job, open),
    onFailure: async () => {
      for (const profile of open) await forgetLast(join(partOf(job, profile), runPlaylist(first)))
    },
  })
  if (thumbnails) await finishThumbnails(job)
}

/** An ffmpeg that failed, of a full disk for example, ends its playlists all the same. */
async function forgetLast(playlist: string): Promise<void> {
  if (!existsSync(playlist)) return
  const kept = segmentsIn(await readFile(playlist, 'utf8')).slice(0, -1)
  await writeFile(playlist, mediaPlaylist(kept).replace('#EXT-X-ENDLIST\n', ''))
}

async function runsOf(directory: string): Promise<ReadonlyMap<number, readonly Segment[]>> {
  const runs = new Map<number, readonly Segment[]>()
  for (const name of await readdir(directory)) {
    const first = firstOfRun(name)
    if (first !== undefined) runs.set(first, segmentsIn(await readFile(join(directory, name), 'utf8')))
  }
  return runs
}

async function lastRunEnded(directory: string): Promise<boolean> {
  const firsts = existsSync(directory) ? (await readdir(directory)).flatMap((name) => firstOfRun(name) ?? []) : []
  if (firsts.length === 0) return false
  return isEnded(await readFile(join(directory, runPlaylist(Math.max(...firsts))), 'utf8'))
}

async function firstMissing(job: RenditionsJob, open: readonly Profile[], thumbnails: boolean): Promise<number> {
  const { fragmentsGoOn } = await dialectOf(job.ffmpeg)
  const goesOn = (profile: Profile): boolean => fragmentsGoOn || packagingOf(profile) !== 'fmp4'
  const finished = await Promise.all(
    open.map(async (profile) => (goesOn(profile) ? inPlace(job, partOf(job, profile)) : 0)),
  )
  // Pictures alone are made from the beginning: that no frame is left for a last one could not be told.
  if (thumbnails) finished.push(open.length === 0 ? 0 : (await picturesIn(picturesOf(job))).length)
  const from = Math.min(...finished)
  for (const profile of open) await forgetRuns(partOf(job, profile), from)
  return from
}

async function inPlace(job: RenditionsJob, directory: string): Promise<number> {
  return countInPlace(joinedRuns(await runsOf(directory)), job.segmentSeconds)
}

async function finishedIn(directory: string): Promise<number> {
  return joinedRuns(await runsOf(directory)).length
}

async function picturesIn(directory: string): Promise<readonly string[]> {
  return (await readdir(directory)).filter((name) => name.endsWith('.png'))
}

/** What earlier runs listed from here on will be written again. */
async function forgetRuns(directory: string, from: number): Promise<void> {
  for (const name of await readdir(directory))
    if ((firstOfRun(name) ?? -1) >= from) await rm(join(directory, name), { force: true })
}

/** All of its segments as one. */
function finish(job: RenditionsJob, profile: Profile): Promise<void> {
  return isStreamed(profile) ? writePlaylist(job, profile) : joinWhole(job, profile)
}

async function writePlaylist(job: RenditionsJob, profile: Profile): Promise<void> {
  const directory = partOf(job, profile)
  const head = packagingOf(profile) === 'fmp4' ? HEAD : undefined
  const place = { directory, duration: job.facts.duration, ...(head !== undefined && { head }) }
  const segments = await trueLengths(job.ffprobe, joinedRuns(await runsOf(directory)), place)
  const text = mediaPlaylist(segments, head)
  await writeFile(join(directory, 'index.part'), text, { flush: true })
  await rename(join(directory, 'index.part'), join(directory, 'index.m3u8'))
}

async function joinWhole(job: RenditionsJob, profile: Profile): Promise<void> {
  const directory = partOf(job, profile)
  const part = join(directory, 'whole.part')
  const segments = joinedRuns(await runsOf(directory)).map(({ file }) => join(directory, file))
  const copied = ['-f', 'matroska', '-i', 'pipe:0', '-c', 'copy', '-f', 'webm', part]
  await runFfmpeg(job, { arguments: copied, input: joinedWebm(segments) })
  await rename(part, join(directory, wholeOf(profile)))
}

async function tidy(directory: string): Promise<void> {
  for (const name of await readdir(directory)) if (LEFT_OVER.test(name)) await rm(join(directory, name))
}

function verify(job: RenditionsJob, profile: Profile): Promise<unknown> {
  const { facts } = job
  const picture = videoOf(facts) !== undefined && profile.height > 0
  const expected = { duration: facts.duration, video: picture, audio: audioOf(facts) !== undefined }
  return verifyMedia(job.ffprobe, join(partOf(job, profile), wholeOf(profile)), expected)
}

async function finishThumbnails(job: RenditionsJob): Promise<void> {
  const directory = picturesOf(job)
  const count = (await picturesIn(directory)).length
  if (count === 0) throw new MediaError('internal', 'no thumbnail was made')
  const track = thumbnailsTrack(count, job.segmentSeconds, job.facts.duration)
  await writeFile(join(directory, 'thumbnails.vtt'), track, { flush: true })
  await rename(directory, join(workOf(job), 'thumbnails'))
}

/** `360p0 3/6, 720p0 2/6`: whole segments of each rendition, for those who look at the step. */
async function finishedOf(job: RenditionsJob, open: readonly Profile[]): Promise<string> {
  const all = Math.max(1, Math.ceil(job.facts.duration / job.segmentSeconds))
  const parts = open.map(async (profile) => `${profile.name} ${await finishedIn(partOf(job, profile))}/${all}`)
  return (await Promise.all(parts)).join(', ')
}
