import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { EngineError } from '../../core/engine-error.ts'
import { asTenant } from '../../core/identity.ts'
import { FileObjectStore } from '../../objects/file-object-store.ts'
import { acceptRawBodies, acceptStreamedBodies, storeBody } from './body.ts'
import { allowCors } from './cors.ts'
import { readForm } from './form.ts'
import { sendJsonLines } from './json-lines.ts'
import type { Origin } from './origin.ts'
import { openOrigin } from './origin.ts'

const T = asTenant('t')
const LIMIT = 300_000
const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex')

let directory: string
let objects: FileObjectStore
let origin: Origin
let url: string
/** Uploads that have failed or succeeded. */
let over: string[] = []

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'taskport-body-'))
  objects = await FileObjectStore.open(directory)
  origin = await openOrigin({
    faces: [{ name: 'one', claims: [{ prefix: '/' }], environment: async () => ({}), mount }],
    fallback: 'one',
  })
  url = await origin.listen('127.0.0.1', 0)
})
afterAll(async () => {
  await origin.close()
  await rm(directory, { recursive: true })
})
beforeEach(async () => {
  over = []
  for (const key of await keys()) await objects.remove(T, key)
})

async function keys(): Promise<string[]> {
  const all: string[] = []
  for await (const key of objects.keys(T, '')) all.push(key)
  return all
}

// biome-ignore lint/suspicious/noExplicitAny: answers are compared whole
const json = async (answer: Response): Promise<any> => answer.json()

const mount: Parameters<typeof openOrigin>[0]['faces'][number]['mount'] = (app) => {
  app.setErrorHandler((error, _request, reply) => {
    const status = error instanceof EngineError ? { invalid: 400, exhausted: 413 }[error.code as 'invalid'] : undefined
    return reply.code(status ?? 500).send({ status: status ?? 500, message: String(error) })
  })
  app.addHook('onResponse', async (request) => void over.push(request.url))
  app.addHook('onRequestAbort', async (request) => void over.push(request.url))
  allowCors(app, { prefixes: ['/raw'], origins: ['https://studio.example'], exposed: ['x-total'] })
  acceptRawBodies(app, 'text/plain')
  acceptStreamedBodies(app, ['application/octet-stream', 'multipart/form-data'])
  app.post('/raw', (request) => ({ isBuffer: Buffer.isBuffer(request.body), text: String(request.body) }))
  app.put<{ Querystring: { md5?: string } }>('/objects/a', (request) =>
    storeBody(objects, T, 'a', request.body as Readable, {
      limitBytes: LIMIT,
      digests: ['sha1'],
      ...(request.query.md5 !== undefined && { expected: { md5: request.query.md5 } }),
    }),
  )
  app.post('/form', async (request) => {
    const keyOf = (field: string, fileName: string): string => `${field}/${fileName}`
    const into = { objects, tenant: T, keyOf, limitBytes: LIMIT, digests: ['md5'] }
    const { fields, files } = await readForm(request.body as Readable, request.headers, into)
    return { fields: Object.fromEntries(fields), files }
  })
  app.get('/lines', (request, reply) =>
    sendJsonLines(
      request,
      reply,
      async function* () {
        yield { n: 1 }
        yield { text: 'a\nb' }
        if (request.headers['x-fail']) throw new Error('no more')
      },
      { failure: { item: { error: 'failed' } } },
    ),
  )
}

const upload = (body: Uint8Array, query = ''): Promise<Response> =>
  fetch(`${url}/objects/a${query}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/octet-stream' },
    body: Buffer.from(body),
  })

describe('a streamed body', () => {
  test('becomes an object with its digests', async () => {
    const bytes = randomBytes(LIMIT)
    const stored = await json(await upload(bytes, `?md5=${md5(bytes).toUpperCase()}`))
    expect(stored).toMatchObject({ size: LIMIT, digests: { md5: md5(bytes) } })
    expect(stored.digests.sha1).toBe(createHash('sha1').update(bytes).digest('hex'))
    expect(await buffer(await objects.read(T, 'a'))).toEqual(bytes)
  })

  test('that is too large, or is not what its digest says, is answered and leaves nothing', async () => {
    expect((await upload(randomBytes(20 * LIMIT))).status).toBe(413)
    expect((await upload(randomBytes(10), `?md5=${md5(randomBytes(10))}`)).status).toBe(400)
    expect(await keys()).toEqual([])
  })

  test('that breaks off leaves nothing', async () => {
    const { port } = new URL(url)
    for (const head of [
      'PUT /objects/a HTTP/1.1\r\ncontent-type: application/octet-stream\r\n',
      'POST /form HTTP/1.1\r\ncontent-type: multipart/form-data; boundary=b\r\n',
    ]) {
      over = []
      await new Promise<void>((resolve) => {
        const socket = connect(Number(port), '127.0.0.1', () => {
          const part = '--b\r\nContent-Disposition: form-data; name="bits"; filename="f"\r\n\r\nxyz'
          socket.write(`${head}Host: x\r\nContent-Length: 900\r\n\r\n${part}`, () =>
            setTimeout(() => resolve(void socket.destroy()), 50),
          )
        })
      })
      for (let i = 0; over.length === 0 && i < 500; i++) await new Promise((resume) => setTimeout(resume, 10))
      expect(over.length).toBeGreaterThan(0)
      expect(await keys()).toEqual([])
    }
  })
})

describe('a form', () => {
  const form = (parts: Readonly<Record<string, string | Uint8Array>>): FormData => {
    const made = new FormData()
    for (const [name, part] of Object.entries(parts))
      if (typeof part === 'string') made.append(name, part)
      else made.append(name, new Blob([Buffer.from(part)], { type: 'application/zip' }), `${name}.zip`)
    return made
  }
  const post = (body: FormData): Promise<Response> => fetch(`${url}/form`, { method: 'POST', body })

  test('gives its fields, and its files as objects', async () => {
    const [one, two] = [randomBytes(LIMIT), randomBytes(7)]
    const answer = await json(await post(form({ resources: '[]', one, async: 'true', two })))
    expect(answer.fields).toEqual({ resources: '[]', async: 'true' })
    expect(answer.files).toMatchObject([
      {
        field: 'one',
        fileName: 'one.zip',
        mediaType: 'application/zip',
        key: 'one/one.zip',
        size: LIMIT,
        digests: { md5: md5(one) },
      },
      { field: 'two', size: 7 },
    ])
    expect(await buffer(await objects.read(T, 'one/one.zip'))).toEqual(one)
  })

  test('with one file too large, too large a field, or no form at all leaves none of its files', async () => {
    expect((await post(form({ one: randomBytes(9), two: randomBytes(5 * LIMIT), three: randomBytes(9) }))).status).toBe(
      413,
    )
    expect((await post(form({ one: randomBytes(9), field: 'x'.repeat(1_100_000) }))).status).toBe(413)
    const headers = { 'content-type': 'multipart/form-data; boundary=b' }
    const broken = '--b\r\nContent-Disposition: form-data; name="a"; filename="f"\r\n\r\nxyz'
    expect((await fetch(`${url}/form`, { method: 'POST', headers, body: broken })).status).toBe(400)
    const none = await fetch(`${url}/form`, {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data' },
      body: 'x',
    })
    expect(none.status).toBe(400)
    expect(await keys()).toEqual([])
  })
})

test('raw bodies come as they are; other types keep their own parsers', async () => {
  const answer = await fetch(`${url}/raw`, { method: 'POST', headers: { 'content-type': 'text/plain' }, body: '{"a"' })
  expect(await answer.json()).toEqual({ isBuffer: true, text: '{"a"' })
})

test('JSON lines: one item a line, and a failure is the last', async () => {
  const text = async (headers: Record<string, string>) => (await fetch(`${url}/lines`, { headers })).text()
  expect(await text({})).toBe('{"n":1}\n{"text":"a\\nb"}\n')
  expect(await text({ 'x-fail': 'yes' })).toBe('{"n":1}\n{"text":"a\\nb"}\n{"error":"failed"}\n')
})

test('a page of an allowed origin may ask, and read what it is shown; others and other paths get no such headers', async () => {
  const ask = (origin: string, path: string) =>
    fetch(`${url}${path}`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
    })
  const allowed = await ask('https://studio.example', '/raw')
  expect([allowed.status, allowed.headers.get('access-control-allow-origin')]).toEqual([204, 'https://studio.example'])
  expect(allowed.headers.get('access-control-allow-headers')).toBe('authorization')
  expect(allowed.headers.get('access-control-allow-methods')).toContain('POST')
  expect((await ask('https://evil.example', '/raw')).headers.get('access-control-allow-origin')).toBeNull()
  expect((await ask('https://studio.example', '/lines')).headers.get('access-control-allow-origin')).toBeNull()
  const headers = { origin: 'https://studio.example', 'content-type': 'text/plain' }
  const answer = await fetch(`${url}/raw`, { method: 'POST', headers, body: 'x' })
  expect(answer.headers.get('access-control-expose-headers')).toBe('x-total')
})
