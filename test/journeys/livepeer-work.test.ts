/** One ready asset, and what is done with it: clips, exports, transcoding to a bucket, webhooks; and tasks cut short. */
import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { firstStartOf } from '../../src/faces/kit/first-start.ts'
import { keyFileOf } from '../../src/server/data-directory.ts'
import { openVault } from '../../src/server/vault.ts'
import {
  decodedFrames,
  H264,
  hmac,
  type LivepeerWorld,
  madeMedia,
  openLivepeerWorld,
  PICTURE,
  type Reply,
  smallVideo,
} from '../support/livepeer-world.ts'
import { openS3Server } from '../support/s3-server.ts'
import { eventually } from '../support/taskport-process.ts'

const LONG_MS = 180_000
const SECRET = 'shared-secret'
const EVENTS = [
  'asset.created',
  'asset.updated',
  'asset.ready',
  'task.spawned',
  'task.updated',
  'task.completed',
] as const
let world: LivepeerWorld
let video: Buffer
let asset: Reply
let task: Reply
beforeAll(async () => {
  world = await openLivepeerWorld()
  video = smallVideo()
  const url = `${world.outside}/hook`
  const made = await world.client.webhook.create({
    name: 'all',
    url,
    events: [...EVENTS] as never,
    sharedSecret: SECRET,
  })
  expect(made.statusCode).toBe(201)
  const { body } = await world.call('POST', '/asset/upload/url', { name: 'one', url: world.file('one.mp4', video) })
  task = await world.until(body.task.id, 'completed', 'failed')
  asset = (await world.call('GET', `/asset/${body.asset.id}`)).body
}, LONG_MS)
afterAll(() => world?.close())

test('webhooks hear of everything, in order, signed, and see the asset ready before the task is complete', async () => {
  expect(task.status.phase).toBe('completed')
  const heard = () => world.received.filter(({ path }) => path === '/hook')
  const events = () => heard().map(({ body }) => JSON.parse(body.toString()) as Reply)
  await eventually('the last event', () => events().some(({ event }) => event === 'task.completed'))
  const names = events().map(({ event }) => event)
  expect(names.slice(0, 2)).toEqual(['asset.created', 'task.spawned'])
  expect(names.indexOf('asset.ready')).toBeLessThan(names.indexOf('task.completed'))
  for (const { headers, body } of heard()) {
    const { timestamp, id, webhookId } = JSON.parse(body.toString()) as Reply
    expect(headers['livepeer-signature']).toBe(`t=${timestamp},v1=${hmac(SECRET, body)}`)
    expect([typeof id, typeof webhookId]).toEqual(['string', 'string'])
  }
  // Each step that ends is told, of the task and of its asset, with how far they got.
  for (const [event, of] of [['task.updated', 'task'] as const, ['asset.updated', 'asset'] as const]) {
    const told = events().filter((e) => e.event === event && e.payload[of].snapshot.status.progress !== undefined)
    const reached = told.map(({ payload }) => payload[of].snapshot.status.progress as number)
    expect([event, reached.length > 2, reached]).toEqual([event, true, [...reached].sort((a, b) => a - b)])
  }
  const completed = events().find(({ event }) => event === 'task.completed')
  expect(completed.payload).toMatchObject({
    success: true,
    task: { id: task.id, type: 'upload', snapshot: { id: task.id } },
  })
  const ready = events().find(({ event }) => event === 'asset.ready')
  expect(ready.payload.asset.snapshot.playbackUrl).toBe(asset.playbackUrl)
})

test(
  'a clip holds exactly the frames between its times',
  async () => {
    const made = await world.client.stream.createClip({ playbackId: asset.playbackId, startTime: 400, endTime: 1_400 })
    const clip = made.data!
    const done = await world.until(clip.task.id!, 'completed', 'failed')
    expect(done).toMatchObject({
      type: 'clip',
      status: { phase: 'completed' },
      clip: { clipStrategy: { playbackId: asset.playbackId, startTime: 400, endTime: 1_400 } },
    })
    expect(done.params.clip).toEqual(done.clip)
    const ready = (await world.client.asset.get(clip.asset.id)).asset!
    expect(ready).toMatchObject({ source: { type: 'clip' }, status: { phase: 'ready' } })
    expect(await decodedFrames(ready.playbackUrl!)).toBe(15)
    expect(ready.downloadUrl).toMatch(/\.mp4$/)
    expect((await fetch(ready.downloadUrl!, { method: 'HEAD' })).headers.get('content-type')).toBe('video/mp4')
    expect(await decodedFrames(ready.downloadUrl!)).toBe(15)
    expect((await world.call('GET', `/asset/${asset.id}/clips`)).body.map((a: Reply) => a.id)).toEqual([clip.asset.id])
  },
  LONG_MS,
)

test(
  'an export sends the very bytes, with the headers that were asked for',
  async () => {
    const custom = { url: `${world.outside}/export`, method: 'POST', headers: { 'X-Key': 'abc' } }
    const { status, body } = await world.call('POST', `/asset/${asset.id}/export`, { custom })
    expect([status, body.task.type]).toEqual([201, 'export'])
    const done = await world.until(body.task.id, 'completed', 'failed')
    expect(done).toMatchObject({ inputAssetId: asset.id, status: { phase: 'completed' }, output: { export: {} } })
    const [sent] = world.received.filter(({ path }) => path === '/export')
    expect(sent).toMatchObject({ method: 'POST', headers: { 'x-key': 'abc', 'content-type': 'video/mp4' } })
    expect(sent!.body.equals(video)).toBe(true)
    world.answer('/refuses', (_request, response) => response.writeHead(403).end())
    const refused = await world.call('POST', `/asset/${asset.id}/export`, {
      custom: { url: `${world.outside}/refuses` },
    })
    expect((await world.until(refused.body.task.id, 'failed', 'completed')).status).toMatchObject({
      phase: 'failed',
      errorMessage: 'error exporting file: the destination refused it',
      retries: 0,
    })
    const broken = { custom: { ...custom, headers: { 'X-Key': 'a\r\nb' } } }
    expect((await world.call('POST', `/asset/${asset.id}/export`, broken)).status).toBe(422)
    const ipfs = await world.call('POST', `/asset/${asset.id}/export`, { ipfs: {} })
    expect(ipfs.status).toBe(501)
  },
  LONG_MS,
)

test(
  'a transcoding reads from a bucket and writes to one, signed; its keys are never shown, and erased at its end',
  async () => {
    const credentials = { accessKeyId: 'AKID/1', secretAccessKey: 'very secret' }
    const s3 = await openS3Server(credentials)
    s3.objects.set('in/raw video.mp4', video)
    const bucket = { type: 's3', endpoint: s3.endpoint, credentials }
    const profiles = [{ name: 'small', width: 160, height: 128, bitrate: 100_000 }]
    const storage = { ...bucket, bucket: 'out' } as never
    const made = await world.client.transcode.create({
      input: { ...bucket, bucket: 'in', path: 'raw video.mp4' } as never,
      storage,
      outputs: { hls: { path: 'videos/hls' }, mp4: { path: '/videos/mp4' }, fmp4: { path: '/videos' } },
      profiles,
    })
    const first = made.task!
    expect(first).toMatchObject({ type: 'transcode-file', status: { phase: 'waiting' } })
    expect((await secretNames()).some((name) => name.includes(first.id!))).toBe(true)
    const done = await world.until(first.id!, 'completed', 'failed')
    expect(done.status.phase).toBe('completed')
    expect(done.output.transcodeFile).toMatchObject({
      hls: { path: '/videos/hls/index.m3u8' },
      mp4: [{ path: '/videos/mp4/small.mp4' }],
      fmp4: { path: '/videos/fmp4/index.mpd' },
      input_video: { size: video.length },
    })
    expect(s3.refused).toEqual([])
    expect(s3.puts).toEqual([
      'out/videos/hls/small/0.ts',
      'out/videos/hls/small/index.m3u8',
      'out/videos/hls/index.m3u8',
      ...['index-stream0.mp4', 'index-stream1.mp4'].map((name) => `out/videos/fmp4/${name}`),
      ...['media_0.m3u8', 'media_1.m3u8', 'index.mpd', 'master.m3u8'].map((name) => `out/videos/fmp4/${name}`),
      'out/videos/mp4/small.mp4',
    ])
    expect(JSON.stringify(done)).not.toMatch(/AKID|very secret/)
    await eventually('the keys are erased', async () => !(await secretNames()).some((name) => name.includes(first.id!)))
    expect(done.params['transcode-file'].storage.url).toMatch(/^s3\+http:\/\/\*\*\*:\*\*\*@/)
    const output = { outputs: { mp4: { path: '/x' } }, profiles, storage }
    const [unknown, refused] = [
      { ...output, input: { ...bucket, bucket: 'in', path: 'nothing' } },
      { ...output, input: { url: world.file('again.mp4', video) } },
    ]
    expect(await endOf(unknown)).toEqual([UNREACHABLE, 0])
    s3.failWith(403)
    expect(await endOf(refused)).toEqual(['error saving file to storage', 0])
    expect(await mediaLeft('transcode-')).toEqual([])
    await s3.close()
  },
  LONG_MS,
)

test(
  'a VP8 rendition is a WebM file beside MP4s and playlists, which cannot hold it: where it could go nowhere it is refused',
  async () => {
    const vp8 = { name: 'web', encoder: 'VP8' as never, width: 160, height: 128, bitrate: 100_000 }
    const profiles = [vp8, { name: 'plain', bitrate: 200_000 }]
    const made = await world.client.asset.createViaUrl({ name: 'v', url: world.file('v.mp4', video), profiles })
    const { asset: begun, task } = made.twoHundredAndOneApplicationJsonData!
    expect((await world.until(task.id!, 'completed', 'failed')).status.phase).toBe('completed')
    const { body: shown } = await world.call('GET', `/asset/${begun.id}`)
    expect(shown.webm).toMatchObject([{ name: 'web', width: 160, height: 90 }])
    const [{ url, size }] = shown.webm
    const range = await fetch(url, { headers: { range: 'bytes=0-3' } })
    expect([range.status, range.headers.get('content-type')]).toEqual([206, 'video/webm'])
    expect([range.headers.get('content-range'), Buffer.from(await range.arrayBuffer()).toString('hex')]).toEqual([
      `bytes 0-3/${size}`,
      '1a45dfa3',
    ])
    expect([await codecs(url), await decodedFrames(url)]).toEqual([['vp8', 'opus'], 30])
    expect(await (await fetch(shown.playbackUrl)).text()).not.toContain('web/')
    expect((await world.client.playback.get(begun.playbackId!)).playbackInfo!.meta.source).toMatchObject([
      { hrn: 'MP4', url: expect.stringContaining('/plain.mp4') },
      { hrn: 'HLS (TS)' },
      { hrn: 'Thumbnails' },
    ])

    const s3 = await openS3Server({ accessKeyId: 'a', secretAccessKey: 's' })
    const credentials = { accessKeyId: 'a', secretAccessKey: 's' }
    const storage = { type: 's3', endpoint: s3.endpoint, bucket: 'out', credentials } as never
    const input = { url: world.file('w.mp4', video) }
    const ask = (outputs: object, given = profiles) =>
      world.client.transcode.create({ input, storage, outputs, profiles: given })
    const asked = await ask({ hls: { path: '/h' }, mp4: { path: '/files' } })
    const { output } = await world.until(asked.task!.id!, 'completed', 'failed')
    expect(output.transcodeFile).toMatchObject({
      hls: { path: '/h/index.m3u8' },
      mp4: [{ path: '/files/plain.mp4' }],
      webm: [{ path: '/files/web.webm' }],
    })
    expect(s3.types.get('out/files/web.webm')).toBe('video/webm')
    expect(s3.puts.filter((path) => path.includes('/h/web'))).toEqual([])
    await s3.close()

    const refusals = [ask({ hls: { path: '/h' } }), ask({ hls: { path: '/h' }, mp4: { path: '/m' } }, [vp8])]
    const only = world.client.asset.create({ name: 'v', profiles: [vp8] })
    for (const refused of [...refusals, only])
      await expect(refused).rejects.toMatchObject({ statusCode: 422, body: expect.stringMatching(/VP8/) })
    // Nothing of what was refused is kept, its keys least of all.
    await eventually('no keys are left', async () =>
      (await secretNames()).every((name) => !name.includes('livepeer/transcode')),
    )
  },
  LONG_MS,
)

async function codecs(url: string): Promise<readonly string[]> {
  const argv = ['-v', 'error', '-show_entries', 'stream=codec_name', '-of', 'csv=p=0', url]
  return (await promisify(execFile)('ffprobe', argv)).stdout.trim().split('\n')
}

const UNREACHABLE = 'file could not be imported from URL because it was not accessible'

async function endOf(request: object): Promise<readonly unknown[]> {
  const { body } = await world.call('POST', '/transcode', request)
  const { status } = await world.until(body.id, 'failed', 'completed')
  return [status.errorMessage, status.retries]
}

/** Once those that are done with are swept. */
const mediaLeft = (prefix: string): Promise<readonly string[]> =>
  eventually('they are swept', () => {
    const names = readdirSync(join(world.dataDirectory, 'faces/livepeer/media'))
    const found = names.filter((name) => name.startsWith(prefix))
    return found.length === 0 ? found : undefined
  })

async function secretNames(): Promise<readonly string[]> {
  const { secret } = firstStartOf(openVault(keyFileOf(world.dataDirectory)), 'native')
  const answer = await fetch(`${world.url}/taskport/v1/secrets`, { headers: { authorization: `Bearer ${secret}` } })
  expect(answer.status).toBe(200)
  const listed = (await answer.json()) as Reply
  return (listed.items ?? listed.secrets ?? listed).map((s: Reply) => s.name)
}

test(
  'a cancelled task is dead at once and leaves no files; a forced retry makes its asset after all',
  async () => {
    // Far more work than the time it is given.
    const long = madeMedia(...PICTURE(40, '640x360'), ...H264, 'mp4')
    const { body } = await world.call('POST', '/asset/upload/url', {
      name: 'long',
      url: world.file('long.mp4', long),
      profiles: [{ name: 'slow', width: 320, height: 180, bitrate: 300_000 }],
    })
    await world.until(body.task.id, 'running')
    const cancelled = await world.call('POST', `/task/${body.task.id}/cancel`)
    expect(cancelled).toMatchObject({ status: 200, body: { id: body.task.id, status: { phase: 'cancelled' } } })
    expect((await world.call('POST', `/task/${body.task.id}/cancel`)).body).toEqual({
      errors: ['task is not in a cancellable state'],
    })
    const work = join(world.dataDirectory, 'faces/livepeer/media', body.asset.playbackId, '.work')
    await eventually('what it made is gone', () => !existsSync(work))
    expect((await world.call('GET', `/asset/${body.asset.id}`)).body.status.phase).toBe('failed')
    expect((await world.call('POST', `/task/${body.task.id}/retry`)).body).toEqual({ id: body.task.id })
    expect((await world.until(body.task.id, 'completed', 'failed')).status.phase).toBe('completed')
    expect((await world.call('GET', `/asset/${body.asset.id}`)).body.status.phase).toBe('ready')
  },
  LONG_MS,
)
