/** A server on a machine without ffmpeg, beside the npm packages that carry one: `TASKPORT_TEST_PACKED_FFMPEG=1 npm run test:only -- src/media`. */
import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { expect, test } from 'vitest'
import { firstStartOf } from '../../src/faces/kit/first-start.ts'
import { keyFileOf } from '../../src/server/data-directory.ts'
import { examineMedia } from '../../src/server/examine-media.ts'
import { FIRST_START_SPELLINGS } from '../../src/server/first-start-spellings.ts'
import { openVault } from '../../src/server/vault.ts'
import { decodedFrames, openOutside, type Reply, smallVideo } from '../support/livepeer-world.ts'
import { installPackedFfmpeg, wantsPackedFfmpeg } from '../support/packed-ffmpeg.ts'
import { ServerProcess } from '../support/server-process.ts'
import { eventually } from '../support/taskport-process.ts'

const LONG_MS = 300_000

/** All that PATH names but ffmpeg and ffprobe. */
function pathWithout(): string {
  const directory = mkdtempSync(join(tmpdir(), 'taskport-path-'))
  const taken = new Set(['ffmpeg', 'ffprobe'])
  for (const place of (process.env.PATH ?? '').split(delimiter))
    for (const name of existsSync(place) ? readdirSync(place) : []) {
      if (taken.has(name)) continue
      taken.add(name)
      symlinkSync(join(place, name), join(directory, name))
    }
  return directory
}

test.runIf(wantsPackedFfmpeg)(
  'with no ffmpeg in PATH, doctor names the one of the npm packages, and the server plays, clips and encodes with it',
  async () => {
    const packed = installPackedFfmpeg()
    const path = pathWithout()
    const outside = await openOutside()
    const server = await ServerProcess.start({
      flags: ['--allow-address', '127.0.0.1'],
      environment: { PATH: path, NODE_PATH: packed.modules },
    })
    try {
      expect(packed.found.package).toBe('@ffmpeg-installer/ffmpeg')
      const [ffmpeg, ffprobe, ...missing] = examineMedia(undefined, join(packed.modules, '../beside.js'))
      expect(missing).toEqual([])
      for (const { says } of [ffmpeg!, ffprobe!]) expect(says).toMatch(/ of 20\d\d, from npm \(@ff\w+-installer/)
      const vault = openVault(keyFileOf(server.dataDirectory))
      const key = firstStartOf(vault, 'livepeer', FIRST_START_SPELLINGS.livepeer).secret
      const call = async (method: string, route: string, body?: object): Promise<Reply> => {
        const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
        const answer = await fetch(`${server.url}/api${route}`, {
          method,
          headers,
          ...(body && { body: JSON.stringify(body) }),
        })
        return answer.json()
      }
      const done = async (task: string): Promise<Reply> =>
        eventually('the task ends', async () => {
          const { status } = await call('GET', `/task/${task}`)
          return ['completed', 'failed'].includes(status.phase) ? status : undefined
        })
      const made = await call('POST', '/asset/upload/url', { name: 'a', url: outside.file('a.mp4', smallVideo()) })
      expect(await done(made.task.id)).toMatchObject({ phase: 'completed' })
      const asset = await call('GET', `/asset/${made.asset.id}`)
      expect(await decodedFrames(asset.playbackUrl)).toBe(30)
      const clip = await call('POST', '/clip', { playbackId: asset.playbackId, startTime: 400, endTime: 1_400 })
      expect(await done(clip.task.id)).toMatchObject({ phase: 'completed' })
      expect(await decodedFrames((await call('GET', `/asset/${clip.asset.id}`)).playbackUrl)).toBe(15)
    } finally {
      await server.end()
      await outside.end()
      packed.remove()
      rmSync(path, { recursive: true, force: true })
    }
  },
  LONG_MS,
)
