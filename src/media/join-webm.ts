/** Streams of WebM that are parts of one, each timed as such, become one: heads are left out but the first. */
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { MediaError } from './failure.ts'

/** The element that pictures and sounds begin with (RFC 9559, `Cluster`). */
const CLUSTER = Buffer.from('1f43b675', 'hex')
const LONGEST_HEAD = 64 * 1024

/** The bytes of all in order; errors of reading and MediaError `internal` come as the stream's. */
export const joinedWebm = (paths: readonly string[]): Readable => Readable.from(bytesOf(paths))

async function* bytesOf(paths: readonly string[]): AsyncIterable<Buffer> {
  for (const [i, path] of paths.entries()) {
    const start = i === 0 ? 0 : await headLength(path)
    yield* createReadStream(path, { start }) as AsyncIterable<Buffer>
  }
}

async function headLength(path: string): Promise<number> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(LONGEST_HEAD), 0, LONGEST_HEAD, 0)
    const length = buffer.subarray(0, bytesRead).indexOf(CLUSTER)
    if (length < 0) throw new MediaError('internal', `${path} holds nothing`)
    return length
  } finally {
    await file.close()
  }
}
