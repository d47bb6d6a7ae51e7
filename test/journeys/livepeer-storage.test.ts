/** Where else media go: an IPFS node and directories that the operator names; how many tasks of one user; inputs that are traps. */
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { firstStartOf } from '../../src/faces/kit/first-start.ts'
import { keyFileOf } from '../../src/server/data-directory.ts'
import { openVault } from '../../src/server/vault.ts'
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
import { eventually } from '../support/taskport-process.ts'

const LONG_MS = 180_000
const root = mkdtempSync(join(tmpdir(), 'taskport-media-root-'))
let node: Awaited<ReturnType<typeof openOutside>>
let world: LivepeerWorld
let video: Buffer
let asset: Reply
beforeAll(async () => {
  node = await openOutside()
  // An IPFS node as far as pinning needs one: content named by its hash.
  node.answer('/api/v0/add', (_request, response) => {
    const { body, query } = node.received.at(-1)!
    if (query.get('pin') !== 'true') return void response.writeHead(400).end()
    response.end(`${JSON.stringify({ Name: 'x', Hash: cidOf(partOf(body)), Size: '1' })}\n`)
  })
  world = await openLivepeerWorld({ ipfsApi: node.outside, mediaRoots: [root] })
  video = tinyVideo()
  const { body } = await world.call('POST', '/asset/upload/url', { name: 'one', url: world.file('one.mp4', video) })
  await world.until(body.task.id, 'completed')
  asset = body.asset
}, LONG_MS)
afterAll(async () => {
  await world?.close()
  await node?.end()
  rmSync(root, { recursive: true, force: true })
})

/** The content of a multipart body's only part. */
function partOf(body: Buffer): Buffer {
  const begin = body.indexOf('\r\n\r\n') + 4
  return body.subarray(begin, body.lastIndexOf('\r\n--'))
}

const cidOf = (content: Buffer): string => `bafk${createHash('sha256').update(content).digest('hex').slice(0, 52)}`

test(
  'an export to IPFS pins the very bytes and what describes them; the asset says where it lies; the same again does nothing',
  async () => {
    const nftMetadata = { name: 'named', properties: { colour: 'red' } }
    const spec = { nftMetadata }
    const patched = await world.call('PATCH', `/asset/${asset.id}`, { storage: { ipfs: { spec } } })
    const task = patched.body.storage.status.tasks.pending
    expect(patched).toMatchObject({ status: 200, body: { storage: { ipfs: { spec }, status: { phase: 'waiting' } } } })
    const done = await world.until(task, 'completed', 'failed')
    const cid = cidOf(video)
    expect(done.output.export.ipfs).toMatchObject({ videoFileCid: cid, videoFileUrl: `ipfs://${cid}` })
    const described = JSON.parse(partOf(node.received.at(-1)!.body).toString()) as Reply
    expect(described).toMatchObject({ name: 'named', properties: { colour: 'red', video: `ipfs://${cid}` } })
    // The SDK's own type leaves the CID out.
    const { storage } = (await world.call('GET', `/asset/${asset.id}`)).body
    expect(storage).toMatchObject({
      ipfs: { cid, url: `ipfs://${cid}` },
      status: { phase: 'ready', tasks: { last: task } },
    })
    expect((await world.call('GET', `/asset?cid=${cid}`)).body.map((a: Reply) => a.id)).toEqual([asset.id])
    const again = await world.call('PATCH', `/asset/${asset.id}`, { storage: { ipfs: { spec } } })
    expect(again.body.storage.status.tasks.pending).toBeUndefined()
    const without = await world.call('PATCH', `/asset/${asset.id}`, { storage: { ipfs: false } })
    expect([without.status, without.body.errors]).toEqual([400, ['Cannot remove asset from IPFS']])
    const own = await world.call('POST', `/asset/${asset.id}/export`, { ipfs: { pinata: { jwt: 'x' } } })
    expect(own.status).toBe(501)
  },
  LONG_MS,
)

test(
  'an operator pins data by a task of its own; nobody else may make tasks',
  async () => {
    const content = { claim: 'true' }
    const made = await world.call('POST', '/task', { type: 'export-data', params: { exportData: { content } } })
    expect([made.status, made.body]).toMatchObject([201, { type: 'export-data', params: { exportData: { content } } }])
    const done = await world.until(made.body.id, 'completed', 'failed')
    const cid = cidOf(Buffer.from(JSON.stringify(content)))
    expect(done.output).toEqual({ exportData: { ipfs: { cid } } })
    expect((await world.client.task.get(made.body.id)).task?.type).toBe('export-data')
    const data = () => readdirSync(join(world.dataDirectory, 'faces/livepeer/media')).some((n) => n.startsWith('data-'))
    await eventually('its directory is gone', () => !data())
    expect((await world.call('POST', '/task', { type: 'upload' })).status).toBe(422)
    const { id: key } = (await world.call('POST', '/api-token', { name: 'plain' })).body
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    const refused = await fetch(`${world.url}/api/task`, { method: 'POST', headers, body: '{"type":"export-data"}' })
    expect([refused.status, await refused.json()]).toEqual([403, { errors: ['user does not have admin priviledges'] }])
  },
  LONG_MS,
)

test(
  'a directory of the operator’s stands in for a bucket, and nothing leads out of it',
  async () => {
    // Programs run as a user of their own.
    chmodSync(root, 0o777)
    mkdirSync(join(root, 'in'))
    writeFileSync(join(root, 'in/raw.mp4'), video)
    const credentials = { accessKeyId: 'any', secretAccessKey: 'any' }
    const bucket = { type: 's3', endpoint: `file://${root}`, credentials }
    const request = {
      input: { ...bucket, bucket: 'in', path: 'raw.mp4' },
      storage: { ...bucket, bucket: 'out' },
      outputs: { hls: { path: '/hls' }, mp4: { path: '/' } },
      profiles: [{ name: 'small', bitrate: 100_000 }],
    }
    const made = await world.client.transcode.create(request as never)
    expect((await world.until(made.task!.id!, 'completed', 'failed')).status.phase).toBe('completed')
    expect(await decodedFrames(join(root, 'out/hls/index.m3u8'))).toBe(15)
    expect(await decodedFrames(join(root, 'out/small.mp4'))).toBe(15)
    for (const place of [
      { endpoint: 'file:///etc', bucket: 'out' },
      { endpoint: `file://${root}/../..`, bucket: 'etc' },
      { endpoint: `file://${root}`, bucket: '../out' },
    ])
      expect((await world.call('POST', '/transcode', { ...request, storage: { ...bucket, ...place } })).status).toBe(
        422,
      )
    const outward = { ...request, input: { ...bucket, bucket: 'in', path: '../../etc/passwd' } }
    const { body } = await world.call('POST', '/transcode', outward)
    expect((await world.until(body.id, 'failed', 'completed')).status.phase).toBe('failed')
    expect(existsSync(join(root, '..', 'etc'))).toBe(false)
  },
  LONG_MS,
)

test(
  'webhooks, buckets, exports and gates do not reach into the machine’s own network; a webhook that fails is asked again',
  async () => {
    const inside = 'http://127.0.0.2:9'
    const events = ['asset.updated']
    const hook = async (url: string): Promise<string> =>
      (await world.call('POST', '/webhook', { name: 'x', url, events })).body.id
    const refusedHook = await hook(`${inside}/hook`)
    let heard = 0
    world.answer('/flaky', (_request, response) => response.writeHead(heard++ === 0 ? 503 : 200).end())
    const flaky = await hook(`${world.outside}/flaky`)
    await world.call('PATCH', `/asset/${asset.id}`, { name: 'renamed' })
    const status = async (id: string): Promise<Reply> => (await world.call('GET', `/webhook/${id}`)).body.status
    const seen = await eventually('it was tried', () => status(refusedHook))
    expect(seen.lastFailure.error).toMatch(/127\.0\.0\.2 is not a public address/)

    const custom = { url: `${inside}/export` }
    const sent = (await world.call('POST', `/asset/${asset.id}/export`, { custom })).body.task
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
    const bucket = { type: 's3', endpoint: inside, bucket: 'b', credentials }
    const outputs = { mp4: { path: '/x' } }
    const profiles = [{ name: 'small', bitrate: 100_000 }]
    const ask = async (body: object) => (await world.call('POST', '/transcode', { outputs, profiles, ...body })).body
    const stored = await ask({ input: { url: world.file('again.mp4', video) }, storage: bucket })
    const fetched = await ask({ input: { ...bucket, path: 'x' }, storage: bucket })
    for (const task of [sent, stored, fetched])
      expect((await world.until(task.id, 'failed', 'completed')).status).toMatchObject({ phase: 'failed', retries: 0 })

    const upload = { name: 'gated', url: world.file('gated.mp4', video) }
    const playbackPolicy = { type: 'webhook', webhookId: refusedHook }
    const { body } = await world.call('POST', '/asset/upload/url', { ...upload, playbackPolicy })
    await world.until(body.task.id, 'completed')
    const gated = await fetch(`${world.url}/media/${body.asset.playbackId}/index.m3u8?accessKey=any`)
    expect([gated.status, await gated.json()]).toEqual([
      401,
      { errors: ['Content is gated and corresponding webhook failed'] },
    ])
    const told = () => world.received.filter(({ path }) => path === '/flaky').map((r) => JSON.parse(String(r.body)).id)
    await eventually('it is told again', () => new Set(told()).size < told().length)
    await world.call('DELETE', '/webhook', { ids: [refusedHook, flaky] })
  },
  LONG_MS,
)

test(
  'traps are refused by what they claim to be: too long, too large, lists of other files',
  async () => {
    const traps = {
      // 28 hours in 29 frames, a few kilobytes.
      'long.mkv': madeMedia('-f', 'lavfi', '-i', 'color=size=16x16:rate=1/3600:duration=104400', ...H264, 'mkv'),
      'wide.mkv': madeMedia('-f', 'lavfi', '-i', 'color=size=16000x16:rate=5:duration=0.4', '-c:v', 'libvpx', 'mkv'),
      'list.ffconcat': Buffer.from('ffconcat version 1.0\nfile /etc/passwd\n'),
      'page.svg': Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'),
    }
    for (const [name, bytes] of Object.entries(traps)) {
      const { body } = await world.call('POST', '/asset/upload/url', { name, url: world.file(name, bytes) })
      const { status } = await world.until(body.task.id, 'failed', 'completed')
      expect([name, status.phase, status.retries]).toEqual([name, 'failed', 0])
      expect(status.errorMessage).toMatch(/check your input file against the input codec and container support matrix/)
    }
  },
  LONG_MS,
)

test(
  'each rendition’s progress is told by the native API while it is made',
  async () => {
    const url = world.file('long.mp4', madeMedia(...PICTURE(60, '320x180'), ...H264, 'mp4'))
    const wanted = { name: 'parts', url, targetSegmentSizeSecs: 1 }
    const { body } = await world.call('POST', '/asset/upload/url', wanted)
    const { secret } = firstStartOf(openVault(keyFileOf(world.dataDirectory)), 'native')
    const get = async (path: string): Promise<Reply> =>
      (await fetch(`${world.url}/taskport/v1${path}`, { headers: { authorization: `Bearer ${secret}` } })).json()
    const told = await eventually('renditions are under way', async () => {
      const { items } = await get('/executions')
      const mine = items.find((e: Reply) => e.name === `upload-${body.task.id.slice(0, 8)}`)
      const { steps } = await get(`/executions/${mine.id}`)
      const message = steps.find((s: Reply) => s.name === 'renditions')?.progress?.message
      // The operator's key sees the step as well.
      const { status } = (await world.call('GET', `/task/${body.task.id}`)).body
      return status.step === 'renditions' && /[1-9]\d*\/60/.test(message ?? '') ? { message, status } : undefined
    }).finally(() => world.call('POST', `/task/${body.task.id}/cancel`))
    expect(told.message).toMatch(/^low-bitrate \d+\/60, 180p0 \d+\/60$/)
    expect(told.status.phase).toBe('running')
  },
  LONG_MS,
)

test(
  'five tasks of a user run at once, a hundred wait, and one more is told to come back',
  async () => {
    world.answer('/never.mp4', (_request, response) => void response.writeHead(200).write('x'))
    const ask = (n: number) =>
      world.call('POST', '/asset/upload/url', { name: 'many', url: `${world.outside}/never.mp4?${n}` })
    const made = await Promise.all(Array.from({ length: 105 }, (_, n) => ask(n)))
    expect(new Set(made.map(({ status }) => status))).toEqual(new Set([201]))
    const filters = (phase: string) => encodeURIComponent(JSON.stringify([{ id: 'phase', value: phase }]))
    const count = async (phase: string) =>
      (await world.call('GET', `/task?limit=200&filters=${filters(phase)}`)).body.length
    await eventually('five run', async () => (await count('running')) === 5)
    expect(await count('waiting')).toBe(100)
    const headers = { authorization: `Bearer ${world.key}`, 'content-type': 'application/json' }
    const body = JSON.stringify({ name: 'many', url: `${world.outside}/never.mp4?more` })
    const refused = await fetch(`${world.url}/api/asset/upload/url`, { method: 'POST', headers, body })
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '60'])
    expect(((await refused.json()) as Reply).errors).toEqual([
      expect.stringMatching(/^user \S+ has reached the maximum number of pending tasks$/),
    ])
  },
  LONG_MS,
)
