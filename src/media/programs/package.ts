/** Joins segments to MP4 files where wanted, and writes the master playlist: still aside. */
import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type PackageJob, workOf } from '../job.ts'
import { masterPlaylist } from '../master-playlist.ts'
import { audioOf, videoOf } from '../media-facts.ts'
import { isStreamed, type Profile, packagingOf } from '../profile.ts'
import { runProgram } from '../program.ts'
import { runFfmpeg, verifyMedia } from '../run-ffmpeg.ts'

const FRAGMENT_S = 10
/** How fragments name a codec, whatever its segments were. */
const TAGS: Readonly<Partial<Record<NonNullable<Profile['encoder']>, string>>> = { HEVC: 'hvc1', VP9: 'vp09' }

await runProgram<PackageJob>(async (job) => {
  const { facts } = job
  const profiles = job.profiles.filter(isStreamed)
  if (job.mp4) await joinSegments(job, profiles)
  if (job.fmp4) await fragment(job, profiles)
  for (const { name } of job.profiles.filter((profile) => !isStreamed(profile))) {
    const done = join(workOf(job), `${name}.webm`)
    if (!existsSync(done)) await rename(join(workOf(job), name, 'whole.webm'), done)
  }
  const variants = profiles.map(async (profile) => {
    const { name, width, height } = profile
    const bytes = await segmentBytes(join(workOf(job), name))
    return { name, width, height, bandwidth: (bytes * 8) / facts.duration, packaging: packagingOf(profile) }
  })
  await writeFile(join(workOf(job), 'index.m3u8'), masterPlaylist(await Promise.all(variants)), { flush: true })
})

async function segmentBytes(directory: string): Promise<number> {
  const names = (await readdir(directory)).filter((name) => /\.(ts|m4s)$/.test(name))
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(directory, name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** Our own playlists name our own segments. */
function renditionInput(job: PackageJob, { name }: Profile): readonly string[] {
  const path = join(workOf(job), name, 'index.m3u8')
  return ['-protocol_whitelist', 'file', '-allowed_extensions', 'ALL', '-i', path]
}

/** All that are missing by one ffmpeg, which costs one start. */
async function joinSegments(job: PackageJob, profiles: readonly Profile[]): Promise<void> {
  const { facts } = job
  const file = (name: string) => join(workOf(job), `${name}.mp4`)
  const missing = profiles.filter(({ name }) => name !== 'low-bitrate' && !existsSync(file(name)))
  if (missing.length === 0) return
  const part = (name: string) => join(workOf(job), `${name}.part.mp4`)
  const inputs = missing.flatMap((profile) => renditionInput(job, profile))
  const outputs = missing.flatMap((profile, i) => {
    // Sound in MPEG-TS carries headers of its own, in fragments not.
    const sound = audioOf(facts) && packagingOf(profile) === 'ts' ? ['-bsf:a', 'aac_adtstoasc'] : []
    const copied = ['-map', `${i}`, '-c', 'copy', ...sound]
    return [...copied, '-movflags', '+faststart', '-f', 'mp4', part(profile.name)]
  })
  await runFfmpeg(job, { arguments: [...inputs, ...outputs], duration: facts.duration })
  const [picture, audio] = [videoOf(facts) !== undefined, audioOf(facts) !== undefined]
  const verified = missing.map(async ({ name, height }) => {
    const expected = { duration: facts.duration, video: picture && height > 0, audio }
    await verifyMedia(job.ffprobe, part(name), expected)
    await rename(part(name), file(name))
  })
  await Promise.all(verified)
}

/** All renditions without encoding anything: one file each, `index.mpd` for DASH and `master.m3u8` for HLS beside them. */
async function fragment(job: PackageJob, profiles: readonly Profile[]): Promise<void> {
  const { facts } = job
  const [part, done] = [join(workOf(job), 'fmp4.part'), join(workOf(job), 'fmp4')]
  if (existsSync(done)) return
  await rm(part, { recursive: true, force: true })
  await mkdir(part, { recursive: true })
  const [picture, sound] = [videoOf(facts) !== undefined, audioOf(facts) !== undefined]
  const maps = profiles.flatMap((profile, i) => [
    ...(picture ? ['-map', `${i}:v:0`, `-tag:v:${i}`, TAGS[profile.encoder ?? 'H.264'] ?? 'avc1'] : []),
    ...(sound ? ['-map', `${i}:a:0`, `-tag:a:${i}`, 'mp4a'] : []),
  ])
  const sets = [...(picture ? ['id=0,streams=v'] : []), ...(sound ? [`id=${picture ? 1 : 0},streams=a`] : [])].join(' ')
  const single = [
    ...['-single_file', '1', '-dash_segment_type', 'mp4', '-seg_duration', String(FRAGMENT_S)],
    ...['-hls_playlist', '1', '-adaptation_sets', sets],
  ]
  const out = [...maps, '-c', 'copy', '-f', 'dash', ...single, join(part, 'index.mpd')]
  const inputs = profiles.flatMap((profile) => renditionInput(job, profile))
  await runFfmpeg(job, { arguments: [...inputs, ...out], duration: facts.duration })
  await verifyMedia(job.ffprobe, join(part, 'master.m3u8'), { duration: facts.duration, video: picture, audio: sound })
  await rename(part, done)
}
