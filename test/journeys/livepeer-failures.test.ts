/** What goes wrong under way: the server killed at each step, ffmpeg killed, sources that stall, a full disk. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { clientEnvironment } from '../../src/server/environment.ts'
import {
  decodedFrames,
  H264,
  type LivepeerWorld,
  madeMedia,
  openLivepeerWorld,
  openOutside,
  PICTURE,
  type Reply,
  tinyVideo,
} from '../support/livepeer-world.ts'
import { ServerProcess } from '../support/server-process.ts'
import { eventually } from '../support/taskport-process.ts'

const LONG_MS = 180_000
const endings: (() => unknown)[] = []
afterAll(async () => {
  for (const end of endings.reverse()) await end()
})

/** Programs named as ffmpeg and ffprobe that take their time. */
function slowTools(): string {
  const directory = mkdtempSync(join(tmpdir(), 'taskport-slow-'))
  endings.push(() => rmSync(directory, { recursive: true, force: true }))
  chmodSync(directory, 0o755)
  for (const name of ['ffmpeg', 'ffprobe']) {
    const real = execFileSync('which', [name], { encoding: 'utf8' }).trim()
    writeFileSync(join(directory, name), `#!/bin/sh\nsleep 1\nexec ${real} "$@"\n`)
    chmodSync(join(directory, name), 0o755)
  }
  return join(directory, 'ffmpeg')
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { readonly port: number }
      probe.close(() => resolve(port))
    })
  })

test(
  'a server killed at every single step loses nothing, does nothing twice and leaves nothing behind',
  async () => {
    const outside = await openOutside()
    endings.push(() => outside.end())
    const video = tinyVideo()
    // Half of it at once, the rest a second later: the download is under way for a while.
    outside.answer('/slow.mp4', (_request, response) => {
      response.writeHead(200, { 'content-length': String(video.length) })
      response.write(video.subarray(0, 1_000))
      setTimeout(() => response.end(video.subarray(1_000)), 1_500)
    })
    const port = String(await freePort())
    const flags = ['--port', port, '--allow-address', '127.0.0.1', '--ffmpeg', slowTools()]
    const server = await ServerProcess.start({ flags })
    endings.push(() => server.end())
    const environment = await clientEnvironment({ url: server.url, dataDirectory: server.dataDirectory })
    const call = async (method: string, path: string, body?: object): Promise<Reply> => {
      const headers = { authorization: `Bearer ${environment.LIVEPEER_API_KEY}`, 'content-type': 'application/json' }
      const sent = body && { body: JSON.stringify(body) }
      return (await fetch(`${server.url}/api${path}`, { method, headers, ...sent })).json()
    }
    const url = `${outside.outside}/slow.mp4`
    const { asset, task } = await call('POST', '/asset/upload/url', { name: 'killed', url, staticMp4: true })
    const execution = async (): Promise<Reply> => {
      const { body } = await server.api.call('listExecutions', { query: { face: 'livepeer' } as never })
      return (await server.api.call('getExecution', { params: { id: body.items[0].id } })).body
    }
    const cutShort = join(server.dataDirectory, 'faces/livepeer/uploads/direct-cut-short')
    writeFileSync(cutShort, 'what a killed server was taking in')
    const steps = ['fetch', 'probe', 'renditions', 'package', 'publish']
    for (const name of steps) {
      await eventually(`${name} runs`, async () =>
        (await execution()).steps.some((s: Reply) => s.name === name && s.state === 'running'),
      )
      await server.kill()
      await server.start()
    }
    const done = await eventually('it is completed', async () => {
      const seen = await call('GET', `/task/${task.id}`)
      return ['completed', 'failed'].includes(seen.status.phase) ? seen : undefined
    })
    expect(done.status).toEqual({ phase: 'completed', updatedAt: expect.any(Number) })
    const ended = await execution()
    expect(ended.steps.map((s: Reply) => [s.name, s.state, s.attempts?.length ?? s.attempt])).toEqual(
      ended.steps.map((s: Reply) => [s.name, 'succeeded', 1]),
    )
    const media = join(server.dataDirectory, 'faces/livepeer')
    expect(readdirSync(join(media, 'media', asset.playbackId)).sort()).toEqual(
      ['120p0', '120p0.mp4', 'index.m3u8', 'low-bitrate', 'source', 'thumbnails', 'video'].sort(),
    )
    expect(readdirSync(join(media, 'uploads'))).toEqual(['tus'])
    const ready = await call('GET', `/asset/${asset.id}`)
    expect(await decodedFrames(ready.playbackUrl)).toBe(15)
  },
  LONG_MS,
)

/** Those that work on files of this world. */
function ffmpegsOf({ dataDirectory }: LivepeerWorld, part: string): readonly number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      if (!Number.isInteger(pid)) return false
      try {
        const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
        return /ffmpeg$/.test(argv[0] ?? '') && argv.some((arg) => arg.startsWith(dataDirectory) && arg.includes(part))
      } catch {
        return false
      }
    })
}

const isRoot = process.getuid?.() === 0

test.runIf(isRoot)(
  'ffmpeg killed, sources that stall or break off, a full disk: tried again with the reason told, and well in the end',
  async () => {
    const world = await openLivepeerWorld()
    const media = join(world.dataDirectory, 'faces/livepeer/media')
    // The server, in this process, sees the same mount: programs are shown directories of it.
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m,mode=711', 'tmpfs', media])
    endings.push(async () => {
      await world.close().catch(() => undefined)
    })
    endings.push(() => execFileSync('umount', ['-l', media]))
    const video = tinyVideo()
    const upload = async (url: string): Promise<Reply> =>
      (await world.call('POST', '/asset/upload/url', { name: 'trouble', url })).body
    const long = madeMedia(...PICTURE(30), ...H264, 'mp4')

    const killed = await upload(world.file('killed.mp4', long))
    const part = killed.asset.playbackId
    const [victim] = await eventually('ffmpeg makes renditions', () => {
      const found = ffmpegsOf(world, `${part}/.work/low-bitrate.part`)
      return found.length > 0 ? found : undefined
    })
    const progress = async ({ task }: Reply): Promise<number | undefined> =>
      (await world.call('GET', `/task/${task.id}`)).body.status.progress
    const reached = (await progress(killed)) ?? 0
    process.kill(victim!, 'SIGKILL')

    /** What is wrong the first time it is asked for. */
    const once = (path: string, wrong: (response: ServerResponse) => unknown): string => {
      let asked = 0
      world.answer(path, (_request, response) => void (asked++ === 0 ? wrong(response) : response.end(video)))
      return world.outside + path
    }
    const begun = (response: ServerResponse, then: () => void): unknown =>
      response.writeHead(200, { 'content-length': String(video.length) }).write(video.subarray(0, 1_000), then)
    const stalled = await upload(once('/stalls.mp4', (response) => begun(response, () => undefined)))
    const broken = await upload(once('/breaks.mp4', (response) => begun(response, () => response.destroy())))
    const down = await upload(once('/down.mp4', (response) => response.writeHead(503).end()))
    const large = await upload(world.file('large.mp4', Buffer.concat([video, Buffer.alloc(8 * 2 ** 20)])))

    const waiting = async ({ task }: Reply): Promise<Reply> => {
      const seen = await eventually(
        `${task.id} waits to be tried again`,
        async () => {
          const { body } = await world.call('GET', `/task/${task.id}`)
          return body.status.phase === 'waiting' && body.status.retries === 1 ? body.status : undefined
        },
        60_000,
      )
      return seen.errorMessage
    }
    expect(await waiting(killed)).toBe('internal error processing file')
    const goesOn = eventually('it goes on', () => progress(killed), 120_000)
    expect(await waiting(broken)).toBe('file download failed')
    expect(await waiting(down)).toBe('file could not be imported from URL because it was not accessible')
    expect(await waiting(large)).toBe('error saving file to storage')
    execFileSync('mount', ['-o', 'remount,size=200m', media])
    expect(await waiting(stalled)).toBe('file download failed')
    expect(await goesOn).toBeGreaterThanOrEqual(reached)
    for (const { task } of [killed, stalled, broken, down, large])
      expect((await world.until(task.id, 'completed', 'failed')).status).toMatchObject({ phase: 'completed' })
    for (const { asset } of [killed, stalled, broken, down, large]) {
      const names = readdirSync(join(media, asset.playbackId))
      expect(names).toContain('index.m3u8')
      expect(names.filter((name) => name.startsWith('.') || name.includes('part'))).toEqual([])
    }
  },
  LONG_MS,
)
