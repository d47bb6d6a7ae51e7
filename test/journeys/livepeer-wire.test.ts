/** What is answered to whom: keys, malformed requests, what is not served. No media are made. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type LivepeerWorld, openLivepeerWorld, type Reply } from '../support/livepeer-world.ts'
import { eventually } from '../support/taskport-process.ts'

let world: LivepeerWorld
beforeAll(async () => {
  world = await openLivepeerWorld()
})
afterAll(() => world?.close())

const get = async (path: string, authorization?: string) => {
  const answer = await fetch(
    `${world.url}/api${path}`,
    authorization === undefined ? {} : { headers: { authorization } },
  )
  return { status: answer.status, body: await answer.json() }
}

test('a key opens, in either scheme and any case; everything else is told what is wrong', async () => {
  const basic = Buffer.from(`anyone:${world.key}`).toString('base64')
  for (const header of [`Bearer ${world.key}`, `bearer   ${world.key}`, `Basic ${basic}`])
    expect(await get('/task', header)).toEqual({ status: 200, body: [] })
  expect(await get('/task')).toEqual({ status: 401, body: { errors: ['request is not authenticated'] } })
  expect(await get('/task', 'Bearer nope')).toEqual({ status: 401, body: { errors: ['no token nope found'] } })
  expect(await get('/task', 'Digest x')).toEqual({
    status: 401,
    body: { errors: ['unsupported authorization header scheme: Digest'] },
  })
})

const upload = (profile: object) => ({
  name: 'x',
  url: 'http://a.example/b',
  profiles: [{ bitrate: 100_000, ...profile }],
})
const transcode = (endpoint: string) => ({
  input: { url: 'http://a.example/b' },
  storage: { type: 's3', endpoint, bucket: 'b', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } },
  outputs: { hls: { path: '/' } },
})

test('malformed requests are the caller’s fault, told as a list of texts', async () => {
  const cases: readonly (readonly [string, string, unknown, number])[] = [
    ['POST', '/asset/upload/url', '{"name":', 400],
    ['POST', '/asset/upload/url', '[]', 422],
    ['POST', '/asset/upload/url', {}, 422],
    ['POST', '/asset/upload/url', { name: 'x', url: 'http://a.example/b', surplus: 1 }, 422],
    ['POST', '/asset/upload/url', { name: 'x\0', url: 'http://a.example/b' }, 422],
    ['POST', '/asset/upload/url', { name: 'x', url: 'http://a.example/b', profiles: [] }, 400],
    [
      'POST',
      '/asset/upload/url',
      { name: 'x', url: 'http://a.example/b', playbackPolicy: { type: 'lit_signing_condition' } },
      501,
    ],
    ['POST', '/asset/upload/url', { name: 'x', url: 'http://a.example/b', playbackPolicy: { type: 'webhook' } }, 400],
    ['POST', '/asset/upload/url', { name: 'x', url: 'ipfs://cid' }, 501],
    ['POST', '/asset/upload/url', { name: 'x', url: 'http://a b.example/c' }, 422],
    ['POST', '/asset/upload/url', { name: 'x', url: 'http://[a/c' }, 422],
    ['POST', '/asset/upload/url', { name: 'x', url: 'http://a.example/b', storage: { other: true } }, 422],
    ['POST', '/asset/upload/url', upload({ gop: 'often' }), 422],
    ['POST', '/asset/upload/url', upload({ fps: 1, fpsDen: 1_000 }), 422],
    ['POST', '/asset/request-upload', { name: 5 }, 422],
    ['POST', '/transcode', transcode('https://a b.example'), 422],
    ['POST', '/transcode', transcode('http://a.example:99999'), 422],
    ['POST', '/transcode', transcode('file://elsewhere/srv'), 422],
    ['POST', '/webhook', { name: 'x', url: 'http://a.example', events: ['task.done'] }, 422],
    ['POST', '/asset/upload/url', { name: 'x'.repeat(200_000) }, 413],
    ['POST', '/transcode', {}, 422],
    ['POST', '/clip', { playbackId: 'x', startTime: 5, endTime: 4 }, 422],
    ['POST', '/clip', { playbackId: 'x', startTime: 1_700_000_000, endTime: 1_700_000_001 }, 422],
    ['POST', '/clip', { playbackId: 'x', startTime: 0, endTime: 4 }, 404],
    ['POST', '/webhook', { name: 'x', url: 'http://a.example' }, 422],
    ['PUT', '/webhook/none', { name: 'x', url: 'http://a.example', events: ['task.failed'] }, 404],
    ['PATCH', '/asset/none', { name: 'x' }, 404],
    ['GET', '/task/none', undefined, 404],
    ['POST', '/task/none/retry', undefined, 404],
    ['GET', '/task?cursor=x', undefined, 400],
    ['GET', '/task?filters=%5B%7B%22id%22%3A%22x%22%7D%5D', undefined, 400],
    ['GET', '/task?filters=1', undefined, 400],
    ['GET', '/task?projectId=x', undefined, 400],
    ['GET', '/task?filters=%5Bnull%5D', undefined, 400],
    ['GET', '/task?order=__proto__-true', undefined, 400],
    ['GET', '/playback/none', undefined, 404],
    ['POST', '/in-task/probed', { attempt: 'x' }, 401],
    ['POST', '/stream', { name: 'live' }, 501],
    ['GET', '/nothing/here', undefined, 404],
    ['POST', '/asset/transcode', {}, 404],
  ]
  for (const [method, path, body, status] of cases) {
    const answer = await world.call(method, path, body)
    expect([path, body, answer.status, answer.body.errors.every((e: unknown) => typeof e === 'string')]).toEqual([
      path,
      body,
      status,
      true,
    ])
  }
})

test('a body that does not fit is told in the words of Ajv, one problem at a time', async () => {
  const GOOD = { name: 'a', url: 'https://a.example/v' }
  const cases: readonly (readonly [object, object])[] = [
    [
      {},
      {
        instancePath: '',
        schemaPath: '#/required',
        keyword: 'required',
        params: { missingProperty: 'name' },
        message: "must have required property 'name'",
      },
    ],
    [
      { ...GOOD, more: 1 },
      {
        instancePath: '',
        schemaPath: '#/additionalProperties',
        keyword: 'additionalProperties',
        params: { additionalProperty: 'more' },
        message: 'must NOT have additional properties',
      },
    ],
    [
      { ...GOOD, name: 5 },
      {
        instancePath: '/name',
        schemaPath: '#/properties/name/type',
        keyword: 'type',
        params: { type: 'string' },
        message: 'must be string',
      },
    ],
    [
      { ...GOOD, profiles: [{ bitrate: 1 }] },
      {
        instancePath: '/profiles/0/bitrate',
        keyword: 'minimum',
        params: { comparison: '>=', limit: 400 },
        message: 'must be >= 400',
      },
    ],
  ]
  for (const [given, error] of cases) {
    const { status, body } = await world.call('POST', '/asset/upload/url', given)
    expect([status, JSON.parse(body.errors[0])]).toMatchObject([422, error])
  }
})

test('a task shows what was asked for', async () => {
  const wanted = { profiles: [{ bitrate: 300_000, width: 320, height: 240, name: 'small' }], targetSegmentSizeSecs: 4 }
  const { body } = await world.call('POST', '/asset/request-upload', { name: 'a', ...wanted })
  const { body: task } = await world.call('GET', `/task/${body.task.id}`)
  expect(task).toMatchObject({ type: 'upload', outputAssetId: body.asset.id, params: { upload: wanted } })
})

test('a list by phase is counted and paged as it is shown', async () => {
  for (const name of ['one', 'two', 'three']) {
    const { body } = await world.call('POST', '/asset/request-upload', { name })
    if (name !== 'two') await world.call('POST', `/task/${body.task.id}/cancel`)
  }
  const filters = encodeURIComponent(JSON.stringify([{ id: 'phase', value: 'cancelled' }]))
  const page = async (query: string) => {
    const headers = { authorization: `Bearer ${world.key}` }
    const answer = await fetch(`${world.url}/api/task?filters=${filters}&count=1${query}`, { headers })
    const phases = ((await answer.json()) as Reply[]).map((task) => task.status.phase)
    return { phases, total: answer.headers.get('x-total-count'), more: answer.headers.has('link') }
  }
  expect(await page('&limit=1')).toEqual({ phases: ['cancelled'], total: '2', more: true })
  expect(await page('&limit=3')).toEqual({ phases: ['cancelled', 'cancelled'], total: '2', more: false })
})

test('a receiver that does not answer holds up no other; a cancelled upload is told', async () => {
  world.answer('/hangs', () => undefined)
  const events = ['asset.created', 'task.spawned', 'task.failed', 'asset.failed']
  for (const path of ['/hangs', '/hears'])
    await world.call('POST', '/webhook', { name: path, url: `${world.outside}${path}`, events })
  const { body } = await world.call('POST', '/asset/request-upload', { name: 'never sent' })
  await world.call('POST', `/task/${body.task.id}/cancel`)
  const heard = () => world.received.filter(({ path }) => path === '/hears')
  await eventually('all is told', () => heard().length === 4)
  expect(heard().map((message) => JSON.parse(String(message.body)).event)).toEqual([
    'asset.created',
    'task.spawned',
    'task.failed',
    'asset.failed',
  ])
  expect(heard()[2]!.headers['user-agent']).toBe('livepeer.studio')
  expect(JSON.parse(String(heard()[2]!.body)).payload).toMatchObject({
    success: false,
    task: { snapshot: { status: { phase: 'cancelled' } } },
  })
  expect(world.received.filter(({ path }) => path === '/hangs')).toHaveLength(1)
  for (const hook of (await world.call('GET', '/webhook')).body) await world.call('DELETE', `/webhook/${hook.id}`)
})

test('news that gathered while a receiver was slow are all told, in order, each once', async () => {
  let letGo = () => {}
  const held = new Promise<void>((resolve) => {
    letGo = resolve
  })
  world.answer('/slow', (_request, response) => void held.then(() => response.end()))
  await world.call('POST', '/webhook', { name: 'slow', url: `${world.outside}/slow`, events: ['asset.created'] })
  const names = Array.from({ length: 250 }, (_, i) => `name ${i}`)
  for (const name of names) {
    const { body } = await world.call('POST', '/asset/request-upload', { name })
    await world.call('POST', `/task/${body.task.id}/cancel`)
  }
  letGo()
  const heard = () => world.received.filter(({ path }) => path === '/slow')
  await eventually('all is told', () => heard().length >= names.length)
  expect(heard().map((m) => JSON.parse(String(m.body)).payload.asset.snapshot.name)).toEqual(names)
  for (const hook of (await world.call('GET', '/webhook')).body) await world.call('DELETE', `/webhook/${hook.id}`)
})

test('the SDK throws its typed errors, and webhooks are created, changed, listed and deleted', async () => {
  await expect(world.client.playback.get('none')).rejects.toMatchObject({ errors: ['No playback URL found for none'] })
  await expect(world.client.task.get('none')).rejects.toMatchObject({
    statusCode: 404,
    body: '{"errors":["not found"]}',
  })
  const wanted = { name: 'hook', url: 'http://127.0.0.1:9/x', events: ['task.failed'] }
  const { status, body } = await world.call('POST', '/webhook', wanted)
  expect([status, body]).toMatchObject([201, wanted])
  const changed = await world.client.webhook.update({ ...wanted, name: 'other' } as never, body.id)
  expect(changed.webhook).toMatchObject({ id: body.id, name: 'other' })
  expect((await world.client.webhook.getAll()).data).toHaveLength(1)
  expect((await world.call('DELETE', `/webhook/${body.id}`)).status).toBe(204)
  expect((await world.call('GET', '/webhook')).body).toEqual([])
})
