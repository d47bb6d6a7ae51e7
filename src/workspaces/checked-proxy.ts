/**
 * The proxy through which a clone reaches the world: each connection, redirections and submodules included, goes to an
 * address that was checked. It listens on loopback and serves only who knows its token, for as long as the clone takes.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Duplex, pipeline } from 'node:stream'
import { AddressRefused, type CheckedConnect } from './checked-connect.ts'

export interface CheckedProxy {
  /** With the token: `http://user:token@127.0.0.1:port`. */
  readonly url: string
  /** Why connections were refused, for who reads the log. */
  readonly refusals: ReadonlySet<string>
}

/** Of one connection, not of the way beyond it. */
const HOP_HEADERS = new Set(['connection', 'proxy-connection', 'proxy-authorization', 'keep-alive', 'te', 'upgrade'])

export async function openCheckedProxy(net: CheckedConnect): Promise<CheckedProxy> {
  const token = randomBytes(16).toString('hex')
  const refusals = new Set<string>()
  const server = createServer((incoming, reply) => void forward(net, token, refusals, incoming, reply))
  server.on(
    'connect',
    (incoming: IncomingMessage, client: Duplex, head: Buffer) =>
      void tunnel(net, token, refusals, incoming, client, head),
  )
  const port = await listening(server)
  return { url: `http://git:${token}@127.0.0.1:${port}`, refusals }
}

/** It does not keep the program alive. */
async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  server.unref()
  return (server.address() as AddressInfo).port
}

function isAuthorized({ headers }: IncomingMessage, token: string): boolean {
  const given = Buffer.from(headers['proxy-authorization'] ?? '')
  const wanted = Buffer.from(`Basic ${Buffer.from(`git:${token}`).toString('base64')}`)
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

async function tunnel(
  net: CheckedConnect,
  token: string,
  refusals: Set<string>,
  incoming: IncomingMessage,
  client: Duplex,
  head: Buffer,
): Promise<void> {
  client.on('error', () => undefined)
  try {
    if (!isAuthorized(incoming, token)) return void client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
    const { hostname, port } = new URL(`http://${incoming.url ?? ''}`)
    const target = await net.open(hostname, Number(port === '' ? 80 : port))
    client.write('HTTP/1.1 200 Connection Established\r\n\r\n')
    target.write(head)
    pipeline(client, target, () => undefined)
    pipeline(target, client, () => undefined)
  } catch (error) {
    client.end(`HTTP/1.1 ${statusOf(error, refusals)} Refused\r\n\r\n`)
  }
}

async function forward(
  net: CheckedConnect,
  token: string,
  refusals: Set<string>,
  incoming: IncomingMessage,
  reply: ServerResponse,
): Promise<void> {
  try {
    if (!isAuthorized(incoming, token))
      return void reply.writeHead(407, { 'proxy-authenticate': 'Basic realm="git"' }).end()
    const url = new URL(incoming.url ?? '')
    if (url.protocol !== 'http:') return void reply.writeHead(400).end()
    const headers = Object.entries(incoming.headers).filter(([name]) => !HOP_HEADERS.has(name))
    const onward = request({
      host: await net.address(url.hostname),
      port: url.port === '' ? 80 : Number(url.port),
      method: incoming.method,
      path: `${url.pathname}${url.search}`,
      headers: Object.fromEntries(headers),
    })
    onward.on('response', (answer) => {
      reply.writeHead(answer.statusCode ?? 502, answer.headers)
      pipeline(answer, reply, () => undefined)
    })
    onward.on('error', () => (reply.headersSent ? reply.destroy() : reply.writeHead(502).end()))
    pipeline(incoming, onward, () => undefined)
  } catch (error) {
    reply.writeHead(statusOf(error, refusals)).end()
  }
}

function statusOf(error: unknown, refusals: Set<string>): number {
  if (!(error instanceof AddressRefused)) return 502
  refusals.add(error.message)
  return 403
}
