/** Brings the input to `video`: downloaded, written aside and renamed; or checks that an upload is there. */
import { createWriteStream } from 'node:fs'
import { access, copyFile, rename, rm } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { bucketKeys, signedUrl } from '../bucket.ts'
import { MediaError } from '../failure.ts'
import { type FetchJob, sourceOf, workOf } from '../job.ts'
import { isLocal, localPath } from '../local-bucket.ts'
import { reportProgress, runProgram } from '../program.ts'
import { AddressRefused, publicHttp } from '../public-http.ts'

await runProgram<FetchJob>(async (job) => {
  if (job.bucket && isLocal(job.bucket)) return copied(job, localPath(job.bucket))
  const url = job.bucket ? signedUrl(job.bucket, bucketKeys(), 'GET') : job.url
  if (url === undefined) return access(sourceOf(job))
  const answer = await opened(job, url)
  const part = join(workOf(job), 'video.part')
  try {
    await pipeline(answer, counter(answer, job.mostBytes), createWriteStream(part, { flush: true }))
  } catch (error) {
    await rm(part, { force: true })
    if (error instanceof MediaError || isDisk(error)) throw error
    throw new MediaError('stalled', `the download broke off: ${String(error)}`, error)
  }
  await rename(part, sourceOf(job))
})

/** From a directory of the operator's. */
async function copied(job: FetchJob, from: string): Promise<void> {
  const part = join(workOf(job), 'video.part')
  await copyFile(from, part).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw error
    throw new MediaError('sourceRefused', `${from} cannot be read`, error)
  })
  await rename(part, sourceOf(job))
}

function isDisk(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).syscall === 'write'
}

async function opened(job: FetchJob, url: string): Promise<IncomingMessage> {
  const http = publicHttp(job.allowAddresses)
  const call = { redirects: 5, ...(job.headers && { headers: job.headers }) }
  const answer = await http.call(url, call).catch((error: unknown) => {
    if (error instanceof AddressRefused) throw new MediaError('address', error.message)
    throw new MediaError('sourceUnreachable', `${hostOf(url)}: ${String(error)}`, error)
  })
  const status = answer.statusCode ?? 0
  if (status >= 200 && status < 300) return answer
  throw new MediaError(status >= 500 ? 'sourceUnreachable' : 'sourceRefused', `${hostOf(url)} answered ${status}`)
}

/** Paths and queries may hold keys. */
function hostOf(url: string): string {
  return URL.parse(url)?.host ?? 'the source'
}

function counter(answer: IncomingMessage, mostBytes: number): Transform {
  const total = Number(answer.headers['content-length'] ?? 0)
  let bytes = 0
  let told = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      if (bytes > mostBytes) return done(new MediaError('tooLarge', `more than ${mostBytes} bytes`))
      if (total > 0 && bytes - told > total / 50) {
        told = bytes
        reportProgress((100 * bytes) / total)
      }
      done(null, chunk)
    },
    flush(done) {
      // A connection closed early looks like an end where no length was chunked.
      if (total > 0 && bytes < total) return done(new MediaError('stalled', `${bytes} of ${total} bytes came`))
      done()
    },
  })
}
