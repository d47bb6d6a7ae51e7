/** Puts what was made and verified into a bucket, playlists last, and says where it lies. */
import { createReadStream } from 'node:fs'
import { copyFile, mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { bucketKeys, signedUrl } from '../bucket.ts'
import { MediaError } from '../failure.ts'
import { type StoreJob, sourceOf, workOf } from '../job.ts'
import { isLocal, localPath } from '../local-bucket.ts'
import { isStreamed, type Profile } from '../profile.ts'
import { publishOutput, reportProgress, runProgram } from '../program.ts'
import { AddressRefused, publicHttp } from '../public-http.ts'

const TYPES: Readonly<Record<string, string>> = {
  m3u8: 'application/vnd.apple.mpegurl',
  ts: 'video/mp2t',
  m4s: 'video/iso.segment',
  mpd: 'application/dash+xml',
  mp4: 'video/mp4',
  webm: 'video/webm',
}

await runProgram<StoreJob>(async (job) => {
  const { outputs, profiles, facts } = job
  const files = [
    ...(outputs.hls === undefined ? [] : await playlistFiles(job, outputs.hls)),
    ...(outputs.fmp4 === undefined ? [] : await fragmentFiles(job, outputs.fmp4)),
    ...wholeFiles(job, 'mp4'),
    ...wholeFiles(job, 'webm'),
  ]
  for (const [i, { from, to }] of files.entries()) {
    await put(job, from, to)
    reportProgress((100 * (i + 1)) / files.length)
  }
  const [mp4, webm] = (['mp4', 'webm'] as const).map((kind) => wholeFiles(job, kind).map(({ to }) => ({ path: to })))
  publishOutput('transcoded', {
    input_video: { duration: facts.duration, size: (await stat(sourceOf(job))).size },
    ...(outputs.hls !== undefined && { hls: { path: joined(outputs.hls, 'index.m3u8') } }),
    ...(outputs.fmp4 !== undefined && { fmp4: { path: joined(outputs.fmp4, 'fmp4', 'index.mpd') } }),
    ...(mp4!.length > 0 && { mp4 }),
    ...(webm!.length > 0 && { webm }),
    renditions: profiles.map(({ name }) => name),
  })
})

interface Upload {
  readonly from: string
  readonly to: string
}

function joined(...parts: readonly string[]): string {
  return `/${parts
    .flatMap((part) => part.split('/'))
    .filter(Boolean)
    .join('/')}`
}

async function playlistFiles(job: StoreJob, prefix: string): Promise<readonly Upload[]> {
  const all: Upload[] = []
  for (const { name } of job.profiles.filter(isStreamed)) {
    const names = await readdir(join(workOf(job), name))
    const ordered = [...names.filter((n) => n !== 'index.m3u8'), 'index.m3u8']
    all.push(...ordered.map((n) => ({ from: join(workOf(job), name, n), to: joined(prefix, name, n) })))
  }
  return [...all, { from: join(workOf(job), 'index.m3u8'), to: joined(prefix, 'index.m3u8') }]
}

/** What is named comes before what names it. */
async function fragmentFiles(job: StoreJob, prefix: string): Promise<readonly Upload[]> {
  const directory = join(workOf(job), 'fmp4')
  const names = await readdir(directory)
  const ordered = ['.mp4', '.m3u8', '.mpd'].flatMap((suffix) => names.filter((name) => name.endsWith(suffix)))
  const last = [
    ...ordered.filter((name) => name !== 'master.m3u8'),
    ...ordered.filter((name) => name === 'master.m3u8'),
  ]
  return last.map((name) => ({ from: join(directory, name), to: joined(prefix, 'fmp4', name) }))
}

/** What can be no MP4 goes beside them. */
function wholeFiles(job: StoreJob, kind: 'mp4' | 'webm'): readonly Upload[] {
  const prefix = job.outputs.mp4
  if (prefix === undefined) return []
  const isMade = (profile: Profile): boolean =>
    kind === 'mp4' ? isStreamed(profile) && profile.name !== 'low-bitrate' : !isStreamed(profile)
  const names = job.profiles.filter(isMade).map(({ name }) => `${name}.${kind}`)
  return names.map((name) => ({ from: join(workOf(job), name), to: joined(prefix, name) }))
}

/** Into a directory of the operator's: written aside and renamed. */
async function putLocally(from: string, to: string): Promise<void> {
  const part = join(dirname(to), `.${basename(to)}.part`)
  await mkdir(dirname(to), { recursive: true })
  try {
    await copyFile(from, part)
    await rename(part, to)
  } catch (error) {
    await rm(part, { force: true })
    throw new MediaError('storage', String(error), error)
  }
}

async function put(job: StoreJob, from: string, to: string): Promise<void> {
  const { endpoint, bucket } = job
  if (isLocal(job)) return putLocally(from, localPath({ endpoint, bucket, path: to }))
  const url = signedUrl({ endpoint, bucket, path: to }, bucketKeys(), 'PUT')
  const { size } = await stat(from)
  const type = TYPES[to.slice(to.lastIndexOf('.') + 1)] ?? 'application/octet-stream'
  const headers = { 'content-length': String(size), 'content-type': type }
  const http = publicHttp(job.allowAddresses)
  const answer = await http
    .call(url, { method: 'PUT', headers, body: createReadStream(from) })
    .catch((error: unknown) => {
      if (error instanceof AddressRefused) throw new MediaError('storageRefused', error.message)
      throw new MediaError('storage', String(error), error)
    })
  answer.resume()
  const status = answer.statusCode ?? 0
  if (status >= 300) throw new MediaError(status >= 500 ? 'storage' : 'storageRefused', `the bucket answered ${status}`)
}
