/** Hands a published file to an address that its owner named. */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Transform } from 'node:stream'
import { MediaError } from '../failure.ts'
import type { SendJob } from '../job.ts'
import { reportProgress, runProgram } from '../program.ts'
import { AddressRefused, publicHttp } from '../public-http.ts'

await runProgram<SendJob>(async (job) => {
  const { size } = await stat(job.file)
  const body = createReadStream(job.file).pipe(counter(size))
  const headers = { ...job.headers, 'content-length': String(size) }
  const http = publicHttp(job.allowAddresses)
  const answer = await http.call(job.url, { method: job.method, headers, body }).catch((error: unknown) => {
    if (error instanceof AddressRefused) throw new MediaError('exportRefused', error.message)
    throw new MediaError('storage', String(error), error)
  })
  answer.resume()
  const status = answer.statusCode ?? 0
  if (status >= 300)
    throw new MediaError(status >= 500 ? 'storage' : 'exportRefused', `the destination answered ${status}`)
})

function counter(size: number): Transform {
  let bytes = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      reportProgress((100 * bytes) / Math.max(1, size))
      done(null, chunk)
    },
  })
}
