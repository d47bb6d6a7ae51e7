import { request } from 'node:http'
import { connect } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { eventsOf } from '../../../test/support/event-stream.ts'
import type { Face } from './face.ts'
import type { Origin, OriginOptions } from './origin.ts'
import { openOrigin } from './origin.ts'
import { sendEvents } from './sse.ts'

let origin: Origin | undefined
afterEach(async () => {
  await origin?.close()
  origin = undefined
})

/** Answers everything, errors included, with its name and a status. */
function face(name: string, prefix: string, mount: Face['mount'] = () => undefined): Face {
  return {
    name,
    claims: [{ prefix }],
    async mount(app) {
      app.setErrorHandler((error, _request, reply) => {
        const status = (error as { statusCode?: number }).statusCode ?? 500
        return reply.code(status).send({ voice: name, status })
      })
      app.setNotFoundHandler((_request, reply) => reply.code(404).send({ voice: name, status: 404 }))
      app.post(`${prefix}/echo`, (request) => ({ voice: name, got: request.body }))
      app.get(`${prefix}/here`, () => ({ voice: name }))
      await mount(app)
    },
    environment: async () => ({}),
  }
}

async function open(faces: readonly Face[], options: Partial<OriginOptions> = {}): Promise<string> {
  origin = await openOrigin({ faces, fallback: 'one', ...options })
  return origin.listen('127.0.0.1', 0)
}

describe('one origin', () => {
  test('answers each request in the voice of its claimant, faults included, and strangers in the fallback’s', async () => {
    const url = await open([face('one', '/one'), face('two', '/two')])
    const asked = async (path: string, init?: RequestInit) => (await fetch(url + path, init)).json()
    const json = { 'content-type': 'application/json' }
    const post = (path: string, body: string) => asked(path, { method: 'POST', headers: json, body })
    expect(await asked('/one/here')).toEqual({ voice: 'one' })
    expect(await asked('/two/here?x=1')).toEqual({ voice: 'two' })
    expect(await asked('/two/nowhere')).toEqual({ voice: 'two', status: 404 })
    expect(await asked('/nobody')).toEqual({ voice: 'one', status: 404 })
    expect(await post('/two/echo', '{')).toEqual({ voice: 'two', status: 400 })
    expect(await post('/two/echo', JSON.stringify('x'.repeat(1_100_000)))).toEqual({ voice: 'two', status: 413 })
    expect(await asked('/two/%zz')).toEqual({ voice: 'two', status: 400 })
    expect(origin?.answers().get('two')?.get(413)).toBe(1)
  })

  test('lets who sends too much say it all, or the answer would be lost with the connection', async () => {
    const url = await open([face('one', '/one')])
    const text = JSON.stringify('x'.repeat(30 * 1024 * 1024))
    const asked = { method: 'POST', headers: { 'content-type': 'application/json' }, body: text }
    for (let i = 0; i < 3; i++) expect((await fetch(`${url}/one/echo`, asked)).status).toBe(413)
  })

  test('refuses to open on a collision', async () => {
    await expect(openOrigin({ faces: [face('one', '/x'), face('two', '/x')], fallback: 'one' })).rejects.toThrow(
      'both claim',
    )
  })

  test('an address from elsewhere has a limit, told in the claimant’s voice; this machine has none', async () => {
    await open([face('one', '/one'), face('two', '/two')], { addressLimit: { perSecond: 1, burst: 2 } })
    const from = async (remoteAddress: string) => {
      const answer = await origin!.app('two').inject({ url: '/two/here', remoteAddress })
      return answer.json() as unknown
    }
    const refused = { voice: 'two', status: 429 }
    expect([await from('10.0.0.1'), await from('10.0.0.1'), await from('10.0.0.1')]).toContainEqual(refused)
    expect(await from('10.0.0.2')).toEqual({ voice: 'two' })
    for (let i = 0; i < 5; i++) expect(await from('127.0.0.1')).toEqual({ voice: 'two' })
  })

  test('what is no HTTP gets HTTP’s own 400', async () => {
    const url = new URL(await open([face('one', '/one')]))
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(Number(url.port), url.hostname, () => socket.write('nonsense\r\n\r\n'))
      let text = ''
      socket.on('data', (bytes) => {
        text += String(bytes)
      })
      socket.on('close', () => resolve(text))
    })
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
  })
})

describe('a client that falls silent', () => {
  test('in the middle of a request is let go; one that is slow, or waits for a late answer, is not', async () => {
    const url = await open(
      [face('one', '/one', (app) => void app.get('/one/late', () => pause(3_000).then(() => ({ late: true }))))],
      { idleMs: 1_000 },
    )
    const { port } = new URL(url)
    const post = (length: number) =>
      `POST /one/echo HTTP/1.1\r\nHost: x\r\ncontent-type: application/json\r\nContent-Length: ${length}\r\n\r\n`
    const said = (chunks: readonly string[]) =>
      new Promise<string>((resolve) => {
        let heard = ''
        const socket = connect(Number(port), '127.0.0.1', async () => {
          for (const chunk of chunks) {
            socket.write(chunk)
            await pause(200)
          }
        })
        socket.on('error', () => undefined)
        socket.on('data', (data) => {
          heard += data
          if (heard.includes('"voice"')) socket.destroy()
        })
        socket.on('close', () => resolve(heard))
      })
    const [late, slow, silent] = await Promise.all([
      fetch(`${url}/one/late`).then((answer) => answer.json()),
      said([post(10), ...'"12345678"']),
      said([post(10), '"1234']),
    ])
    expect(late).toEqual({ late: true })
    expect(slow).toContain('"got":"12345678"')
    expect(silent).toMatch(/^HTTP\/1.1 408/)
  })
})

describe('closing', () => {
  test('finishes requests under way, ends streams, and accepts nothing new', async () => {
    let release: (() => void) | undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const url = await open([
      face('one', '/one', (app) => {
        app.get('/one/slow', async () => {
          await held
          return { done: true }
        })
        app.get('/one/stream', (request, reply) => sendEvents(request, reply, endless))
      }),
    ])
    const slow = fetch(`${url}/one/slow`)
    const stream = eventsOf(await fetch(`${url}/one/stream`))
    expect((await stream.next()).value).toEqual({ id: '0', data: 0 })
    const closed = origin!.close()
    for (let next = await stream.next(); !next.done; next = await stream.next()) expect(next.value.data).toBeDefined()
    await expect(fetch(`${url}/one/here`)).rejects.toThrow()
    release?.()
    expect(await (await slow).json()).toEqual({ done: true })
    await closed
    origin = undefined
  })
})

test('a stream is asked for with `Connection: close`: it says so too, and the connection ends with it', async () => {
  const url = await open([
    face('one', '/one', (app) => {
      app.get('/one/stream', (request, reply) =>
        sendEvents(request, reply, async function* () {
          yield { id: '0', data: 0 }
        }),
      )
    }),
  ])
  const client = connect(Number(new URL(url).port), '127.0.0.1').setEncoding('utf8')
  client.write('GET /one/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n')
  let told = ''
  for await (const text of client) told += text
  expect(told.toLowerCase()).toContain('\r\nconnection: close\r\n')
  expect(told.toLowerCase()).not.toContain('keep-alive')
})

test('closing does not wait for connections that never carried a request', async () => {
  const url = await open([face('one', '/one')])
  const silent = connect(Number(new URL(url).port), '127.0.0.1')
  await new Promise((resolve) => silent.once('connect', resolve))
  const ended = new Promise((resolve) => silent.once('close', resolve))
  const begun = performance.now()
  await origin!.close()
  origin = undefined
  await ended
  expect(performance.now() - begun).toBeLessThan(2_000)
})

describe('a stream', () => {
  test('a reader that does not read holds its source back; one that leaves ends it', async () => {
    let sent = 0
    let ended = false
    const big = 'x'.repeat(64 * 1024)
    const url = await open([
      face('one', '/one', (app) => {
        app.get('/one/flood', (request, reply) =>
          sendEvents(request, reply, async function* (signal) {
            try {
              while (!signal.aborted) yield { data: `${sent++}${big}` }
            } finally {
              ended = true
            }
          }),
        )
      }),
    ])
    const asking = request(`${url}/one/flood`)
    asking.on('error', () => undefined)
    asking.end()
    await new Promise<void>((resolve) => asking.once('response', (response) => resolve(void response.pause())))
    const settled = await untilStable(() => sent)
    expect(settled * big.length).toBeLessThan(64 * 1024 * 1024)
    asking.destroy()
    await until(() => ended)
  })
})

async function* endless(signal: AbortSignal) {
  for (let i = 0; !signal.aborted; i++) {
    yield { id: String(i), data: i }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, 5)
      signal.addEventListener('abort', () => resolve(clearTimeout(timer)), { once: true })
    })
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; !condition(); i++) {
    if (i > 1_000) throw new Error('it never became true')
    await pause(5)
  }
}

/** The value once it has not changed for a while. */
async function untilStable(value: () => number): Promise<number> {
  let [last, same] = [-1, 0]
  for (let i = 0; same < 20; i++) {
    if (i > 2_000) throw new Error('it never came to rest')
    same = value() === last && last > 0 ? same + 1 : 0
    last = value()
    await pause(5)
  }
  return last
}
