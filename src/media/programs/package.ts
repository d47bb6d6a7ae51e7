/** Joins segments to MP4 files where wanted, and writes the master playlist: still aside. */
import { existsSync } from 'node:fs'
import { readdir, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type PackageJob, workOf } from '../job.ts'
import { masterPlaylist } from '../master-playlist.ts'
import { audioOf, videoOf } from '../media-facts.ts'
import type { Profile } from '../profile.ts'
import { reportProgress, runProgram } from '../program.ts'
import { runFfmpeg, verifyMedia } from '../run-ffmpeg.ts'

await runProgram<PackageJob>(async (job) => {
  const { profiles, facts } = job
  const variants = []
  for (const [i, { name, width, height }] of profiles.entries()) {
    const bytes = await segmentBytes(join(workOf(job), name))
    variants.push({ name, width, height, bandwidth: (bytes * 8) / facts.duration })
    if (job.mp4 && name !== 'low-bitrate') await joinSegments(job, profiles[i]!)
    reportProgress((100 * (i + 1)) / profiles.length)
  }
  await writeFile(join(workOf(job), 'index.m3u8'), masterPlaylist(variants), { flush: true })
})

async function segmentBytes(directory: string): Promise<number> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.ts'))
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(directory, name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}

async function joinSegments(job: PackageJob, { name, height }: Profile): Promise<void> {
  const done = join(workOf(job), `${name}.mp4`)
  if (existsSync(done)) return
  const part = join(workOf(job), `${name}.part.mp4`)
  const sound = audioOf(job.facts) ? ['-bsf:a', 'aac_adtstoasc'] : []
  const input = [
    '-protocol_whitelist',
    'file',
    '-allowed_extensions',
    'ALL',
    '-i',
    join(workOf(job), name, 'index.m3u8'),
  ]
  await runFfmpeg({
    ffmpeg: job.ffmpeg,
    arguments: [...input, '-c', 'copy', ...sound, '-movflags', '+faststart', '-f', 'mp4', part],
  })
  const expected = {
    duration: job.facts.duration,
    video: videoOf(job.facts) !== undefined && height > 0,
    audio: audioOf(job.facts) !== undefined,
  }
  await verifyMedia(job.ffprobe, part, expected)
  await rename(part, done)
}
