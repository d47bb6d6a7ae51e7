/** Names that are asked of a resolver from a private network: of one on this host's own address, so nothing leaves it. */
import { createSocket, type Socket } from 'node:dgram'
import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { afterEach, describe, expect, it } from 'vitest'
import { harness, id, on, open, sh, shut } from './fixtures/attempt-fixture.ts'
import { probeHost } from './probe-host.ts'

const DNS_PORT = 53
const HEADER_BYTES = 12

const address = Object.values(networkInterfaces())
  .flat()
  .find((one) => one?.family === 'IPv4' && !one.internal)?.address

/** Answers every question for an IPv4 address with 192.0.2.77, any other with nothing (RFC 1035, section 4). */
function answer(query: Buffer): Buffer {
  let end = HEADER_BYTES
  while (query[end] !== 0) end += query[end]! + 1
  const question = query.subarray(HEADER_BYTES, end + 5)
  const isAddress = query.readUInt16BE(end + 1) === 1
  const head = Buffer.alloc(HEADER_BYTES)
  query.copy(head, 0, 0, 2)
  head.writeUInt16BE(0x8180, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(isAddress ? 1 : 0, 6)
  const record = Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 77])
  return Buffer.concat([head, question, isAddress ? record : Buffer.alloc(0)])
}

/** Undefined: somebody listens there already, or we may not. */
async function resolver(): Promise<Socket | undefined> {
  if (address === undefined) return undefined
  const socket = createSocket('udp4')
  socket.on('message', (query, from) => socket.send(answer(query), from.port, from.address))
  return new Promise((resolve) => {
    socket.once('error', () => resolve(undefined))
    socket.bind(DNS_PORT, address, () => resolve(socket))
  })
}

describe.runIf(probeHost().network !== undefined)('names in a private network', () => {
  afterEach(shut)

  it('are asked of the resolver that the step names', async (context) => {
    const socket = await resolver()
    if (socket === undefined) return context.skip('port 53 of this host is not to be had')
    await open(on)
    const network = { mode: 'private', dns: [address!] } as const
    await sh('getent ahostsv4 anything.example | head -1', { run: { network } })
    socket.close()
    expect(harness.output(id())).toMatch(/^192\.0\.2\.77\s/)
    return undefined
  })

  it("are asked of the host's own resolvers otherwise, where those are not on its loopback", async (context) => {
    const own = readFileSync('/etc/resolv.conf', 'utf8')
    if (/^nameserver\s+(127\.|::1)/m.test(own)) return context.skip("this host's resolver is on its loopback")
    await open(on)
    await sh('cat /etc/resolv.conf', { run: { network: { mode: 'private' } } })
    expect(harness.output(id())).toBe(own)
    return undefined
  })
})
