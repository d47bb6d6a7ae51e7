/** Moves what was made and verified to where it is served, the master playlist last; says what there is. */
import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type PublishJob, sourceOf, workOf } from '../job.ts'
import { videoOf } from '../media-facts.ts'
import { isStreamed, type Profile } from '../profile.ts'
import { publishOutput, runProgram } from '../program.ts'
import { probeFile } from '../run-ffmpeg.ts'

await runProgram<PublishJob>(async (job) => {
  const { profiles } = job
  for (const profile of profiles) {
    const { name } = profile
    if (isStreamed(profile)) await move(job, name)
    await move(job, `${name}.mp4`)
    await move(job, `${name}.webm`)
  }
  if (job.thumbnails) await move(job, 'thumbnails')
  await move(job, 'index.m3u8')
  publishOutput('size', (await stat(sourceOf(job))).size)
  publishOutput('facts', job.facts)
  await Promise.all([
    hashes(sourceOf(job)).then((hash) => publishOutput('hash', hash)),
    ...profiles.flatMap((profile, i) =>
      (['mp4', 'webm'] as const).map((kind) => publishFile(job, profile, `${kind}_${i}`, kind)),
    ),
  ])
  await rm(workOf(job), { recursive: true, force: true })
})

/** Moved already by an earlier try, it is left alone. */
async function move(job: PublishJob, name: string): Promise<void> {
  const [from, to] = [join(workOf(job), name), join(job.directory, name)]
  if (!existsSync(from)) return
  if (name !== 'index.m3u8') await rm(to, { recursive: true, force: true })
  await rename(from, to)
}

async function publishFile(job: PublishJob, { name }: Profile, key: string, kind: 'mp4' | 'webm'): Promise<void> {
  const file = join(job.directory, `${name}.${kind}`)
  if (!existsSync(file)) return
  const facts = await probeFile(job.ffprobe, file)
  const video = facts && videoOf(facts)
  const picture = video && { width: video.width, height: video.height }
  publishOutput(key, { name, size: facts?.size, bitrate: facts?.bitrate, ...picture })
}

async function hashes(path: string): Promise<readonly object[]> {
  const all = (['md5', 'sha256'] as const).map((algorithm) => ({ algorithm, hash: createHash(algorithm) }))
  for await (const chunk of createReadStream(path)) for (const { hash } of all) hash.update(chunk as Buffer)
  return all.map(({ algorithm, hash }) => ({ hash: hash.digest('hex'), algorithm }))
}
