/** Who may see and use what: playback policies on every address of an asset's media, signing keys, API keys, webhooks' secrets. */
import { createPrivateKey, sign } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Livepeer } from 'livepeer'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { firstStartOf } from '../../src/faces/kit/first-start.ts'
import { keyFileOf } from '../../src/server/data-directory.ts'
import { openVault } from '../../src/server/vault.ts'
import {
  decodedFrames,
  hmac,
  type LivepeerWorld,
  openLivepeerWorld,
  type Reply,
  tinyVideo,
} from '../support/livepeer-world.ts'
import { eventually } from '../support/taskport-process.ts'

const LONG_MS = 120_000
let world: LivepeerWorld
let video: Buffer
beforeAll(async () => {
  world = await openLivepeerWorld()
  video = tinyVideo()
}, LONG_MS)
afterAll(() => world?.close())

/** Signed as the vendor's documentation has it. */
function playbackToken(key: Reply, claims: Readonly<Record<string, unknown>>): string {
  const now = Math.floor(Date.now() / 1_000)
  const all = { action: 'pull', iss: 'test', pub: key.publicKey, video: 'none', iat: now, exp: now + 60, ...claims }
  const encoded = (content: object) => Buffer.from(JSON.stringify(content)).toString('base64url')
  const text = `${encoded({ alg: 'ES256', typ: 'JWT' })}.${encoded(all)}`
  const secret = createPrivateKey(Buffer.from(key.privateKey, 'base64').toString())
  return `${text}.${sign('sha256', Buffer.from(text), { key: secret, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

async function readyAsset(name: string, playbackPolicy: object): Promise<Reply> {
  const url = world.file(`${name}.mp4`, video)
  const { body } = await world.call('POST', '/asset/upload/url', { name, url, playbackPolicy, staticMp4: true })
  expect((await world.until(body.task.id, 'completed', 'failed')).status.phase).toBe('completed')
  return (await world.call('GET', `/asset/${body.asset.id}`)).body
}

/** Every file that was published, as an address. */
function addressesOf({ playbackId }: Reply): readonly string[] {
  const directory = join(world.dataDirectory, 'faces/livepeer/media', playbackId)
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return files.map(
    (file) => `${world.url}/media/${playbackId}${join(file.parentPath, file.name).slice(directory.length)}`,
  )
}

const statuses = async (addresses: readonly string[], query = '', headers: Record<string, string> = {}) =>
  new Set(await Promise.all(addresses.map(async (address) => (await fetch(address + query, { headers })).status)))

test(
  'media behind a jwt policy open to tokens of the owner’s keys only, each address of them',
  async () => {
    // The SDK's own type leaves the private half out.
    expect((await world.client.accessControl.create()).signingKey).toMatchObject({ name: 'Signing Key 1' })
    const made = (await world.call('POST', '/access-control/signing-key', {})).body
    const asset = await readyAsset('gated', { type: 'jwt' })
    const addresses = addressesOf(asset)
    expect(addresses.length).toBeGreaterThan(8)
    expect(await statuses(addresses)).toEqual(new Set([401]))
    const good = playbackToken(made, { sub: asset.playbackId })
    expect(await statuses(addresses, `?jwt=${good}`)).toEqual(new Set([200]))
    expect(await statuses(addresses, '', { 'livepeer-jwt': good })).toEqual(new Set([200]))
    const past = Math.floor(Date.now() / 1_000) - 1
    const strangers = (await world.call('POST', '/access-control/signing-key', { name: 'gone' })).body
    expect((await world.call('DELETE', `/access-control/signing-key/${strangers.id}`)).status).toBe(204)
    const [head, body, signature] = good.split('.') as [string, string, string]
    const none = Buffer.from('{"alg":"none"}').toString('base64url')
    const bad = {
      'for another asset': playbackToken(made, { sub: 'someother' }),
      expired: playbackToken(made, { sub: asset.playbackId, exp: past }),
      'without an end': playbackToken(made, { sub: asset.playbackId, exp: undefined }),
      'for a year': playbackToken(made, { sub: asset.playbackId, exp: past + 31_000_000 }),
      'of a deleted key': playbackToken(strangers, { sub: asset.playbackId }),
      'signed by another than it names': playbackToken(
        { ...strangers, publicKey: made.publicKey },
        { sub: asset.playbackId },
      ),
      unsigned: `${none}.${body}.`,
      changed: `${head}.${body.slice(0, -2)}AA.${signature}`,
      nonsense: 'x',
    }
    for (const [name, token] of Object.entries(bad))
      expect([name, await statuses(addresses.slice(0, 3), `?jwt=${token}`)]).toEqual([name, new Set([401])])
    expect(await decodedFrames(`${asset.playbackUrl}?jwt=${good}`)).toBe(15)
    const track = await (
      await fetch(`${world.url}/media/${asset.playbackId}/thumbnails/thumbnails.vtt?jwt=${good}`)
    ).text()
    expect(track).toContain(`keyframes_0.png?jwt=${good}`)
    await world.client.accessControl.update({ disabled: true }, made.id)
    expect(await statuses(addresses, `?jwt=${good}`)).toEqual(new Set([401]))
    expect(
      (await world.client.accessControl.getAll()).data!.map(({ id, disabled }) => ({ id, disabled })),
    ).toContainEqual({
      id: made.id,
      disabled: true,
    })
    expect(JSON.stringify((await world.call('GET', '/access-control/signing-key')).body)).not.toContain('privateKey')
  },
  LONG_MS,
)

test(
  'a webhook policy asks its webhook, signed and once per key and interval; who is not let in sees nothing',
  async () => {
    const hook = (
      await world.call('POST', '/webhook', {
        name: 'gate',
        url: `${world.outside}/gate`,
        events: ['playback.accessControl'],
        sharedSecret: 'gate-secret',
      })
    ).body
    world.answer('/gate', (_request, response) => {
      const { accessKey } = JSON.parse(world.received.at(-1)!.body.toString()) as Reply
      response.writeHead(accessKey === 'good' ? 204 : 403).end()
    })
    const context = { film: 'one' }
    const page = 'https://page.example'
    const policy = { type: 'webhook', webhookId: hook.id, webhookContext: context, allowedOrigins: [page] }
    const asset = await readyAsset('asked', policy)
    const addresses = addressesOf(asset)
    expect(await statuses(addresses)).toEqual(new Set([401]))
    expect(world.received.filter(({ path }) => path === '/gate')).toEqual([])
    expect(await statuses(addresses, '?accessKey=good')).toEqual(new Set([200]))
    expect(await statuses(addresses, '?accessKey=bad')).toEqual(new Set([401]))
    const asked = world.received.filter(({ path }) => path === '/gate')
    expect(asked).toHaveLength(2)
    const first = JSON.parse(asked[0]!.body.toString()) as Reply
    expect(first).toEqual({ context, accessKey: 'good', timestamp: expect.any(Number) })
    expect(asked[0]!.headers['livepeer-signature']).toBe(
      `t=${first.timestamp},v1=${hmac('gate-secret', asked[0]!.body)}`,
    )
    expect(await decodedFrames(`${asset.playbackUrl}?accessKey=good`)).toBe(15)
    const from = (origin: string) => fetch(`${asset.playbackUrl}?accessKey=good`, { headers: { origin } })
    expect((await from('https://other.example')).status).toBe(403)
    expect((await from(page)).headers.get('access-control-allow-origin')).toBe('*')
    const open = await world.call('PATCH', `/asset/${asset.id}`, { playbackPolicy: { type: 'public' } })
    expect([open.status, open.body.errors]).toEqual([
      422,
      ['cannot update playback policy from private to public or vice versa'],
    ])
    const clip = (await world.call('POST', '/clip', { playbackId: asset.playbackId, startTime: 0, endTime: 500 })).body
    expect(clip.asset.playbackPolicy).toEqual(policy)
    await world.until(clip.task.id, 'completed')
    expect(await statuses(addressesOf(clip.asset))).toEqual(new Set([401]))
    await world.call('DELETE', `/webhook/${hook.id}`)
    expect(await statuses(addresses, '?accessKey=another')).toEqual(new Set([401]))
  },
  LONG_MS,
)

test('API keys are made, limited to what they are for and to pages, and revoked', async () => {
  const { status, body: key } = await world.call('POST', '/api-token', {
    name: 'reader',
    access: { rules: [{ methods: ['get'], resources: ['/task', '/asset/:id'] }] },
  })
  expect([status, key]).toMatchObject([201, { name: 'reader', kind: 'api-token' }])
  const ask = async (token: string, method: string, path: string, origin?: string) => {
    const headers = { authorization: `Bearer ${token}`, ...(origin && { origin }) }
    const answer = await fetch(`${world.url}/api${path}`, { method, headers })
    return [answer.status, answer.status < 300 ? '' : ((await answer.json()) as Reply).errors[0]]
  }
  expect((await new Livepeer({ apiKey: key.id, serverURL: `${world.url}/api` }).task.getAll()).data).toBeDefined()
  expect(await ask(key.id, 'GET', '/asset')).toEqual([403, 'credential has insufficent privileges'])
  expect(await ask(key.id, 'DELETE', '/asset/x')).toEqual([403, 'credential has insufficent privileges'])
  expect(await ask(key.id, 'GET', '/task', 'https://page.example')).toEqual([
    403,
    'credential disallows CORS access from origin https://page.example',
  ])
  const cors = { allowedOrigins: ['https://page.example'] }
  const page = (await world.call('POST', '/api-token', { name: 'page', access: { cors } })).body
  expect(await ask(page.id, 'GET', '/task/none', 'https://page.example')).toEqual([404, 'not found'])
  expect(await ask(page.id, 'GET', '/task', 'https://page.example')).toEqual([
    403,
    'access forbidden for CORS-enabled API key with restricted access',
  ])
  const listed = (await world.call('GET', '/api-token')).body
  expect(listed.map((k: Reply) => k.name).sort()).toEqual(['page', 'reader'])
  expect(JSON.stringify(listed)).not.toContain(key.id)
  expect((await world.call('DELETE', `/api-token/${key.id}`)).status).toBe(204)
  expect(await ask(key.id, 'GET', '/task')).toEqual([401, `no token ${key.id} found`])
  const other = listed.find((k: Reply) => k.name === 'page')
  expect((await world.call('GET', `/api-token/${other.id}`)).body).toMatchObject({ name: 'page', access: { cors } })
})

test('what webhooks were sent can be looked up and sent again; their secrets lie nowhere in the clear', async () => {
  const sharedSecret = 'a-secret-of-a-webhook-9f3a'
  const wanted = { name: 'log', url: `${world.outside}/logged`, events: ['asset.updated'], sharedSecret }
  const hook = (await world.call('POST', '/webhook', wanted)).body
  expect(hook.sharedSecret).toBe(sharedSecret)
  const asset = (await world.call('GET', '/asset?phase=ready')).body[0]
  await world.call('PATCH', `/asset/${asset.id}`, { name: 'renamed' })
  const log = await eventually('it is logged', async () => (await world.call('GET', `/webhook/${hook.id}/log`)).body[0])
  expect(log).toMatchObject({
    webhookId: hook.id,
    event: 'asset.updated',
    success: true,
    request: { url: wanted.url, method: 'POST' },
    response: { status: 200, statusText: 'OK' },
  })
  expect((await world.call('GET', `/webhook/${hook.id}/log/${log.id}`)).body).toEqual(log)
  const sent = () =>
    world.received.filter(({ path }) => path === '/logged').map(({ body }) => JSON.parse(body.toString()) as Reply)
  const before = sent().length
  expect((await world.call('POST', `/webhook/${hook.id}/log/${log.id}/resend`)).body).toMatchObject({ status: 200 })
  expect(sent()).toHaveLength(before + 1)
  expect(sent().at(-1)!.id).toBe(JSON.parse(log.request.body).id)
  const files = readdirSync(world.dataDirectory, { recursive: true, withFileTypes: true }).filter((f) => f.isFile())
  for (const file of files)
    expect([file.name, readFileSync(join(file.parentPath, file.name)).includes(sharedSecret)]).toEqual([
      file.name,
      false,
    ])
})

test('of another’s task is told only whose it is not, of another’s asset nothing', async () => {
  const { secret: operator } = firstStartOf(openVault(keyFileOf(world.dataDirectory)), 'native')
  const minted = await fetch(`${world.url}/taskport/v1/tokens`, {
    method: 'POST',
    headers: { authorization: `Bearer ${operator}`, 'content-type': 'application/json' },
    body: JSON.stringify({ face: 'livepeer', tenant: 'others' }),
  })
  const { secret } = (await minted.json()) as { readonly secret: string }
  const { asset, task } = (await world.call('POST', '/asset/request-upload', { name: 'mine' })).body
  const asked = async (path: string) => {
    const answer = await fetch(`${world.url}/api${path}`, { headers: { authorization: `Bearer ${secret}` } })
    return [answer.status, await answer.json()]
  }
  expect(await asked(`/task/${task.id}`)).toEqual([
    403,
    { errors: ['user can only request information on their own tasks'] },
  ])
  expect(await asked('/task/none')).toEqual([404, { errors: ['not found'] }])
  expect(await asked(`/asset/${asset.id}`)).toEqual([404, { errors: ['Asset not found'] }])
  expect(await asked('/task')).toEqual([200, []])
})
