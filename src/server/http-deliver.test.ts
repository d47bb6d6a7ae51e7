import type { LookupAddress, lookup as systemLookup } from 'node:dns'
import type { IncomingMessage, RequestListener, Server } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { publicAddresses } from '../core/public-address.ts'
import { httpDeliver } from './http-deliver.ts'

const never = new AbortController().signal
const LOOPBACK = ['127.0.0.0/8']

const servers: Server[] = []

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

interface Receiver {
  readonly port: number
  readonly sockets: Set<Socket>
}

async function receiver(listener: RequestListener): Promise<Receiver> {
  const server = createServer(listener)
  servers.push(server)
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, sockets }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

/** Resolves every name to these; counts. */
function resolving(...addresses: readonly string[]): { readonly lookup: typeof systemLookup; calls: string[] } {
  const calls: string[] = []
  const found: LookupAddress[] = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  const lookup = (name: string, _options: object, done: (error: null, all: LookupAddress[]) => void): void => {
    calls.push(name)
    setImmediate(() => done(null, found))
  }
  return { lookup: lookup as unknown as typeof systemLookup, calls }
}

describe('a delivery over HTTP', () => {
  test('posts body and headers and answers with the status, whatever it is', async () => {
    const seen: unknown[] = []
    const { port } = await receiver(async (request, response) => {
      const { method, url, headers } = request
      const { host, 'taskport-id': id, 'content-type': type } = headers
      seen.push({ method, url, host, id, type, body: await textOf(request) })
      response.writeHead(418).end('short and stout')
    })
    const deliver = httpDeliver({ allowAddresses: LOOPBACK })
    const headers = { 'taskport-id': 'a.1', 'content-type': 'text/plain' }
    const answer = await deliver(`http://127.0.0.1:${port}/hook?x=1`, headers, 'grüß Gott', never)

    expect(answer).toEqual({ status: 418 })
    expect(seen).toEqual([
      {
        method: 'POST',
        url: '/hook?x=1',
        host: `127.0.0.1:${port}`,
        id: 'a.1',
        type: 'text/plain',
        body: 'grüß Gott',
      },
    ])
  })

  test.each(['127.0.0.1', 'localhost', '[::1]', '0x7f000001', '2130706433', '127.1', '[::ffff:127.0.0.1]', '0.0.0.0'])(
    'never connects to %s unless the operator allows it',
    async (host) => {
      const { port, sockets } = await receiver((_, response) => response.end())
      await expect(httpDeliver()(`http://${host}:${port}/`, {}, '', never)).rejects.toThrow(/not a public address/)
      expect(sockets.size).toBe(0)
    },
  )

  test('refuses a name that is a private address, and connects to what it checked, resolving once', async () => {
    const { port } = await receiver((request, response) => response.writeHead(request.headers.host ? 200 : 400).end())
    const inside = resolving('10.1.2.3', '169.254.169.254')
    await expect(httpDeliver({ lookup: inside.lookup })(`http://hook.test:${port}/`, {}, '', never)).rejects.toThrow(
      'hook.test is 10.1.2.3, which is not a public address',
    )
    const mixed = resolving('10.1.2.3', '127.0.0.1')
    const deliver = httpDeliver({ lookup: mixed.lookup, allowAddresses: LOOPBACK })

    expect(await deliver(`http://hook.test:${port}/`, {}, '', never)).toEqual({ status: 200 })
    expect(mixed.calls).toEqual(['hook.test'])
  })

  test('follows no redirect', async () => {
    const paths: (string | undefined)[] = []
    const { port } = await receiver((request, response) => {
      paths.push(request.url)
      response.writeHead(307, { location: '/elsewhere' }).end()
    })
    const deliver = httpDeliver({ allowAddresses: LOOPBACK })

    expect(await deliver(`http://127.0.0.1:${port}/here`, {}, 'x', never)).toEqual({ status: 307 })
    expect(paths).toEqual(['/here'])
  })

  test('gives up on who does not answer in time, and when told to', async () => {
    const { port } = await receiver(() => undefined)
    const url = `http://127.0.0.1:${port}/`
    const stopped = new AbortController()
    const patient = expect(httpDeliver({ allowAddresses: LOOPBACK })(url, {}, '', stopped.signal)).rejects.toThrow(
      /abort/i,
    )
    stopped.abort()
    await patient

    await expect(httpDeliver({ allowAddresses: LOOPBACK, timeLimitMs: 50 })(url, {}, '', never)).rejects.toThrow(
      'it did not answer within 50 ms',
    )
  })

  test('hangs up on an answer without end', async () => {
    let closed!: () => void
    const hungUp = new Promise<void>((resolve) => {
      closed = resolve
    })
    const { port } = await receiver((_, response) => {
      response.on('close', closed)
      const pour = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(16_384)));
        if (!response.destroyed) response.once('drain', pour)
      }
      pour()
    })
    const deliver = httpDeliver({ allowAddresses: LOOPBACK })

    expect(await deliver(`http://127.0.0.1:${port}/`, {}, '', never)).toEqual({ status: 200 })
    await hungUp
  })

  test('keeps a connection for the next delivery, and makes a new one when it was closed just then', async () => {
    let count = 0
    const { port, sockets } = await receiver((request, response) => {
      if (++count === 3) request.socket.destroy()
      else response.end('ok')
    })
    const deliver = httpDeliver({ allowAddresses: LOOPBACK })
    const statuses: number[] = []
    for (let i = 0; i < 3; i++) {
      statuses.push((await deliver(`http://127.0.0.1:${port}/`, {}, '', never)).status)
      await new Promise((resolve) => setImmediate(resolve))
    }

    expect([statuses, count, sockets.size]).toEqual([[200, 200, 200], 4, 2])
  })

  test('says what was wrong when nobody listens', async () => {
    const { port } = await receiver((_, response) => response.end())
    const [server] = servers.splice(0)
    await new Promise((resolve) => server!.close(resolve))
    const deliver = httpDeliver({ allowAddresses: LOOPBACK })

    await expect(deliver(`http://127.0.0.1:${port}/`, {}, '', never)).rejects.toThrow(/ECONNREFUSED/)
  })
})

describe('public addresses', () => {
  test.each([
    '0.0.0.0',
    '10.255.0.1',
    '100.64.0.1',
    '127.255.255.254',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '198.19.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    '::ffff:10.0.0.1',
    '::ffff:a9fe:a9fe',
    '64:ff9b::10.0.0.1',
    '64:ff9b::7f00:1',
    '2001:db8::1',
    '2002:7f00:1::',
    'fc00::1',
    'fd12:3456::1',
    'fe80::1',
    'fe80::1%eth0',
    'ff02::1',
    'not an address',
  ])('%s is none', (address) => {
    expect(publicAddresses([])(address)).toBe(false)
  })

  test.each(['1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '::ffff:1.1.1.1', '64:ff9b::1.1.1.1'])(
    '%s is one',
    (address) => {
      expect(publicAddresses([])(address)).toBe(true)
    },
  )

  test('the operator opens ranges and single addresses, in whatever form they come', () => {
    const rule = publicAddresses(['10.1.0.0/16', 'fd00::7'])
    const open = ['10.1.2.3', '::ffff:10.1.2.3', 'fd00::7'].map(rule)
    const shut = ['10.2.0.1', 'fd00::8'].map(rule)

    expect([open, shut]).toEqual([
      [true, true, true],
      [false, false],
    ])
    for (const wrong of ['10.0.0.0/33', '10.0.0/8', 'here', '10.0.0.0/', 'fd00::/129', '10.0.0.0/8/8'])
      expect(() => publicAddresses([wrong])).toThrow(/is not a range of addresses/)
  })
})
