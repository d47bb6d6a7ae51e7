/** A server in a process of its own: what it holds in memory does not depend on how much went through it. */
import { expect, test } from 'vitest'
import { clientEnvironment } from '../../src/server/environment.ts'
import { openOutside } from '../support/livepeer-world.ts'
import { memoryOverRounds, paddedVideo } from '../support/media-traffic.ts'
import { ServerProcess } from '../support/server-process.ts'

const MIB = 2 ** 20
const ROUNDS = 3

test('three uploads of 32 MiB at once, again and again: what the server holds grows by less than one of them', async () => {
  const outside = await openOutside()
  const server = await ServerProcess.start({ flags: ['--allow-address', '127.0.0.1'] })
  try {
    const { url, pid, dataDirectory } = server
    const { LIVEPEER_API_KEY: key = '' } = await clientEnvironment({ url, dataDirectory })
    const video = paddedVideo(32 * MIB)
    const address = (n: number) => outside.file(`${n}.mp4`, video)
    const [first = 0, ...later] = await memoryOverRounds({ url, key, pid }, { video, address }, ROUNDS)
    expect(later).toHaveLength(ROUNDS - 1)
    expect((Math.max(...later) - first) / MIB).toBeLessThan(32)
  } finally {
    await server.end()
    await outside.end()
  }
}, 180_000)
