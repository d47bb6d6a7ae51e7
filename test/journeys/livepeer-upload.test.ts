/** The vendor's own client: uploads by address, by PUT and by tus, watched to their end and played. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Upload } from 'tus-js-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  decodedFrames,
  H264,
  type LivepeerWorld,
  madeMedia,
  openLivepeerWorld,
  PICTURE,
  type Reply,
  SOUND,
  smallVideo,
} from '../support/livepeer-world.ts'

const LONG_MS = 180_000
let world: LivepeerWorld
let video: Buffer
beforeAll(async () => {
  world = await openLivepeerWorld()
  video = smallVideo()
})
afterAll(() => world?.close())

const filesOf = (playbackId: string): readonly string[] =>
  readdirSync(join(world.dataDirectory, 'faces/livepeer/media', playbackId)).sort()

test(
  'a video uploaded by its address is fetched, transcoded and played whole, its progress never falling',
  async () => {
    const url = world.file('first.mp4', video)
    const made = await world.client.asset.createViaUrl({ name: 'first', url, staticMp4: true })
    const { asset, task } = made.twoHundredAndOneApplicationJsonData!
    expect(asset.playbackId!.slice(0, 4)).toBe(asset.id.slice(0, 4))
    const again = await world.client.asset.createViaUrl({ name: 'first', url, staticMp4: true })
    expect(again.twoHundredApplicationJsonData?.asset.id).toBe(asset.id)

    const seen: { readonly phase: string; readonly progress: number }[] = []
    let done: Reply
    do {
      done = (await world.client.task.get(task!.id!)).task
      seen.push({ phase: done.status.phase, progress: done.status.progress ?? 0 })
      await new Promise((resolve) => setTimeout(resolve, 50))
    } while (!['completed', 'failed'].includes(done.status.phase))
    const running = seen.filter(({ phase }) => phase === 'running').map(({ progress }) => progress)
    expect(running.length).toBeGreaterThan(1)
    expect([...running].sort((a, b) => a - b)).toEqual(running)
    expect([...new Set(seen.map(({ phase }) => phase))].filter((phase) => phase !== 'waiting')).toEqual([
      'running',
      'completed',
    ])
    expect(done).toMatchObject({
      type: 'upload',
      outputAssetId: asset.id,
      output: { upload: { assetSpec: { id: asset.id } } },
    })

    const ready = (await world.client.asset.get(asset.id)).asset!
    expect(ready).toMatchObject({ status: { phase: 'ready' }, size: video.length, videoSpec: { format: 'mp4' } })
    const info = (await world.client.playback.get(asset.playbackId!)).playbackInfo!
    expect(info.meta.source.map((s) => s.hrn)).toEqual(['MP4', 'HLS (TS)', 'Thumbnails'])
    for (const source of info.meta.source.slice(0, 2)) expect(await decodedFrames(source.url)).toBe(30)
    expect(await (await fetch(info.meta.source[2]!.url)).text()).toMatch(
      /^WEBVTT\n\n00:00:00\.000 --> 00:00:02\.\d+\nkeyframes_0\.png/,
    )
    expect(filesOf(asset.playbackId!)).toEqual(
      ['180p0', '180p0.mp4', 'index.m3u8', 'low-bitrate', 'source', 'thumbnails', 'video'].sort(),
    )
    await mediaAreServedSafely(ready.downloadUrl!)
    await listsFind(asset.id, task!.id!)
    await goneWhileDeleted(asset.id, [ready.playbackUrl!, ready.downloadUrl!])
  },
  LONG_MS,
)

/** Its source was playable by itself as well: none of it is left to see. */
async function goneWhileDeleted(asset: string, addresses: readonly string[]): Promise<void> {
  const seen = () => Promise.all(addresses.map(async (url) => (await fetch(url)).status))
  expect((await world.client.asset.delete(asset)).statusCode).toBe(204)
  expect(await seen()).toEqual([404, 404])
  const gone = { status: 404, body: { errors: ['Asset not found'] } }
  expect(await world.call('GET', `/asset/${asset}`)).toEqual(gone)
  expect(await world.call('PATCH', `/asset/${asset}`, { name: 'other' })).toEqual(gone)
  expect((await world.call('GET', '/asset?deleting=true')).body.map((a: Reply) => a.status.phase)).toContain('deleting')
  expect((await world.call('POST', `/asset/${asset}/restore`)).status).toBe(204)
  expect(await seen()).toEqual([200, 200])
}

async function mediaAreServedSafely(address: string): Promise<void> {
  const part = await fetch(address, { headers: { range: 'bytes=10-19', origin: 'https://page.example' } })
  expect(part.status).toBe(206)
  expect(Object.fromEntries(part.headers)).toMatchObject({
    'content-range': `bytes 10-19/${video.length}`,
    'access-control-allow-origin': '*',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "sandbox; default-src 'none'",
  })
  expect(Buffer.from(await part.arrayBuffer())).toEqual(video.subarray(10, 20))
  expect((await fetch(address, { headers: { range: `bytes=${video.length}-` } })).status).toBe(416)
  const head = await fetch(address, { method: 'HEAD' })
  expect([head.status, head.headers.get('content-length')]).toEqual([200, String(video.length)])
  const tail = await fetch(address, { headers: { range: 'bytes=-5' } })
  expect(Buffer.from(await tail.arrayBuffer())).toEqual(video.subarray(-5))
  expect(Buffer.from(await (await fetch(address)).arrayBuffer())).toEqual(video)
  const base = address.slice(0, address.lastIndexOf('/'))
  for (const path of ['/.work/index.m3u8', '/..%2f..%2f..%2fkey', '/%2e%2e/%2e%2e/key', '/180p0'])
    expect((await fetch(base + path)).status).toBe(404)
}

async function listsFind(asset: string, task: string): Promise<void> {
  const { data } = await world.client.asset.getAll()
  expect(data!.map((a) => a.id)).toContain(asset)
  const tasks = await world.client.task.getAll()
  expect(tasks.data!.map((t) => t.id)).toContain(task)
  const filters = encodeURIComponent(JSON.stringify([{ id: 'outputAssetId', value: asset }]))
  expect((await world.call('GET', `/task?filters=${filters}`)).body.map((t: Reply) => t.id)).toEqual([task])
  const details = (await world.call('GET', `/asset/${asset}?details=1`)).body
  expect(details.videoSpec.tracks).toMatchObject([
    { type: 'video', fps: 15, width: 320, height: 180 },
    { type: 'audio' },
  ])
}

test(
  'bytes come by PUT or by tus, once, and the task waits for them',
  async () => {
    const direct = (await world.client.asset.create({ name: 'direct' })).data!
    expect((await world.client.task.get(direct.task.id!)).task!.status!.phase).toBe('pending')
    expect(await world.call('GET', `/playback/${direct.asset.playbackId}`)).toEqual({
      status: 422,
      body: { errors: ['asset is not ready for playback'] },
    })
    const put = () =>
      fetch(direct.url, { method: 'PUT', body: new Uint8Array(video), headers: { 'content-type': 'video/mp4' } })
    expect((await put()).status).toBe(200)
    const second = await put()
    expect([second.status, await second.json()]).toEqual([422, { errors: ['asset has already been uploaded'] }])
    const both = (await world.client.asset.create({ name: 'both' })).data!
    const bodies = [video, Buffer.concat([video, Buffer.alloc(1)])]
    const sent = await Promise.all(bodies.map(async (body) => (await fetch(both.url, { method: 'PUT', body })).status))
    expect([...sent].sort()).toEqual([200, 422])
    await world.until(both.task.id!, 'completed', 'failed')
    const { asset: taken } = await world.client.asset.get(both.asset.id)
    expect(taken!.size).toBe(bodies[sent.indexOf(200)]!.length)

    expect((await fetch(direct.url.replace(/.$/, '!'), { method: 'PUT', body: 'x' })).status).toBe(403)

    const resumable = (await world.client.asset.create({ name: 'resumable' })).data!
    // Broken off after the first chunk, gone on with by another client that knows only the address.
    const begun = await new Promise<string>((resolve, reject) => {
      const upload = new Upload(video, {
        endpoint: resumable.tusEndpoint,
        chunkSize: 2_000,
        onChunkComplete: () => void upload.abort().then(() => resolve(upload.url!)),
        onError: reject,
      })
      upload.start()
    })
    await new Promise<void>((resolve, reject) => {
      const upload = new Upload(video, {
        uploadUrl: begun,
        chunkSize: 10_000,
        onSuccess: () => resolve(),
        onError: reject,
      })
      upload.start()
    })
    for (const { task, asset } of [direct, resumable]) {
      expect(await world.until(task.id!, 'completed', 'failed')).toMatchObject({ status: { phase: 'completed' } })
      expect((await world.client.asset.get(asset.id)).asset!.size).toBe(video.length)
    }
  },
  LONG_MS,
)

const notVideo = Buffer.from('<html>not a video</html>'.repeat(100))
const playlist = Buffer.from('#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n')
const PROBE = 'failed to probe or open file, check your input file against the input codec and container support matrix'
const UNREACHABLE = 'file could not be imported from URL because it was not accessible'

test(
  'what cannot become a video fails at once, with a text for its user, and leaves nothing to play',
  async () => {
    const { outside } = world
    world.answer('/gone.mp4', (_request, response) => response.writeHead(404).end())
    const cases = [
      [world.file('page.mp4', notVideo), PROBE],
      [world.file('list.m3u8', playlist), PROBE],
      [world.file('cut.mp4', video.subarray(0, 2_000)), PROBE],
      [`${outside}/gone.mp4`, UNREACHABLE],
      ['http://127.0.0.2:1/inside.mp4', 'file could not be imported from URL because its address is not allowed'],
      ['http://[::ffff:10.0.0.1]/inside.mp4', 'file could not be imported from URL because its address is not allowed'],
    ] as const
    const tasks = []
    for (const [url] of cases) {
      const { status, body } = await world.call('POST', '/asset/upload/url', { name: 'bad', url })
      expect(status).toBe(201)
      tasks.push(body)
    }
    for (const [i, { task, asset }] of tasks.entries()) {
      const failed = await world.until(task.id, 'failed', 'completed')
      expect(failed.status).toEqual({
        phase: 'failed',
        updatedAt: expect.any(Number),
        errorMessage: cases[i]![1],
        retries: 0,
      })
      const seen = (await world.call('GET', `/asset/${asset.id}`)).body
      expect(seen.status).toMatchObject({ phase: 'failed', errorMessage: cases[i]![1] })
      expect((await world.call('GET', `/playback/${asset.playbackId}`)).status).toBe(422)
      expect(existsSync(join(world.dataDirectory, 'faces/livepeer/media', asset.playbackId, 'index.m3u8'))).toBe(false)
    }
    for (const url of ['file:///etc/passwd', '/etc/passwd', 'gopher://x'])
      expect((await world.call('POST', '/asset/upload/url', { name: 'bad', url })).status).toBe(422)
  },
  LONG_MS,
)

test(
  'inputs of other kinds: turned, odd, silent, sound alone, another container',
  async () => {
    const cases = {
      'turned.mov': madeMedia(...PICTURE(1), ...H264, '-metadata:s:v', 'rotate=90', 'mov'),
      'odd.mkv': madeMedia(
        ...PICTURE(1, '321x181'),
        '-c:v',
        'libvpx-vp9',
        '-deadline',
        'realtime',
        '-cpu-used',
        '8',
        'mkv',
      ),
      'sound.mp3': madeMedia(...SOUND(1), 'mp3'),
    }
    const made = []
    for (const [name, bytes] of Object.entries(cases))
      made.push((await world.call('POST', '/asset/upload/url', { name, url: world.file(name, bytes) })).body)
    for (const { task } of made)
      expect((await world.until(task.id, 'completed', 'failed')).status).toMatchObject({ phase: 'completed' })
    const [turned, odd, sound] = await Promise.all(
      made.map(async ({ asset }) => (await world.call('GET', `/asset/${asset.id}?details=1`)).body),
    )
    expect(turned.videoSpec.tracks[0].codec).toBe('h264')
    expect(odd.videoSpec.tracks[0]).toMatchObject({ codec: 'vp9', width: 321, height: 181 })
    expect(sound).toMatchObject({ type: 'audio' })
    for (const { playbackUrl } of [turned, odd]) expect(await decodedFrames(playbackUrl)).toBe(15)
    const master = await (await fetch(odd.playbackUrl)).text()
    expect(master).toContain('182p0/index.m3u8')
  },
  LONG_MS,
)
