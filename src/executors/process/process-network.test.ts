import { createSocket } from 'node:dgram'
import { readdirSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, createServer as listenOn } from 'node:net'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { processesWith } from '../../../test/support/server-process.ts'
import type { BoundPort } from '../../core/execution.ts'
import type { PortSpec, RunSpec } from '../../core/step-spec.ts'
import {
  cellPid,
  execution,
  harness,
  id,
  observer,
  on,
  open,
  restart,
  sh,
  shut,
  start,
} from './fixtures/attempt-fixture.ts'
import { probeHost } from './probe-host.ts'

const host = probeHost()

/** This very Node, which may lie where a sandbox does not show it. */
const NODE = '/run/node/node'
const node = {
  kind: 'bind',
  source: dirname(process.execPath),
  target: '/run/node',
  readOnly: true,
  trusted: true,
} as const

const isolated = (ports: readonly PortSpec[] = [], more: Partial<RunSpec> = {}): Partial<RunSpec> => ({
  network: { mode: 'private' },
  ports,
  mounts: [node],
  ...more,
})

/** Answers every request with `words`. */
const httpServer = (port: number, words: string): readonly string[] => [
  NODE,
  '-e',
  `require('node:http').createServer((q, a) => a.end('${words}')).listen(${port})`,
]

const udpEcho = (port: number): readonly string[] => [
  NODE,
  '-e',
  `const s = require('node:dgram').createSocket('udp4')
   s.on('message', (m, from) => s.send('got ' + m, from.port, from.address)).bind(${port})`,
]

async function portsOf(attempt = id()): Promise<readonly BoundPort[]> {
  const started = await observer.started(attempt)
  return ('ports' in started && started.ports) || []
}

const get = (url: string): Promise<string> =>
  fetch(url, { headers: { connection: 'close' }, signal: AbortSignal.timeout(2_000) })
    .then((answer) => answer.text())
    .catch((error: Error) => error.name)

const until = (url: string): ReturnType<typeof expect.poll> => expect.poll(() => get(url), { timeout: 10_000 })

/** A port that is free now. */
async function freePort(): Promise<number> {
  const server = listenOn().listen(0)
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

const cellsSeen = new Set<string>()

/** Pasta, holders and relays of this test's cells, as far as this user may look into them; other tests have theirs. */
function machinery(): readonly number[] {
  for (const { cell } of harness.executor.cells()) cellsSeen.add(cell)
  return processesWith('TASKPORT_CELL').flatMap(({ pid, value }) => (cellsSeen.has(value) ? [pid] : []))
}

describe.runIf(host.network !== undefined)('a private network', () => {
  afterEach(shut)

  it('has host ports carried to the ports inside, fixed and chosen, and says which', async () => {
    await open(on)
    const fixed = await freePort()
    const ports = [
      { name: 'web', port: 80, protocol: 'tcp' },
      { port: 81, hostPort: fixed, protocol: 'tcp' },
    ] as const
    const both = `const h = require('node:http')
      for (const p of [80, 81]) h.createServer((q, a) => a.end('on ' + p)).listen(p)`
    await start([NODE, '-e', both], { run: isolated(ports), hostPorts: [0, fixed] })
    const bound = await portsOf()
    const hostAddress = '127.0.0.1'
    expect(bound).toEqual([
      { name: 'web', port: 80, hostPort: expect.any(Number), hostAddress, protocol: 'tcp' },
      { port: 81, hostPort: fixed, hostAddress, protocol: 'tcp' },
    ])
    await until(`http://127.0.0.1:${bound[0]!.hostPort}/`).toBe('on 80')
    await until(`http://127.0.0.1:${fixed}/`).toBe('on 81')
    const large = 'x'.repeat(3_000_000)
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => get(`http://127.0.0.1:${fixed}/?${large.length}`)),
    )
    expect(new Set(answers)).toEqual(new Set(['on 81']))
  })

  it('carries a large body both ways, whole', async () => {
    await open(on)
    const echo = "require('node:http').createServer((q, a) => q.pipe(a)).listen(80)"
    await start([NODE, '-e', echo], { run: isolated([{ port: 80, protocol: 'tcp' }]), hostPorts: [0] })
    const url = `http://127.0.0.1:${(await portsOf())[0]!.hostPort}/`
    await until(url).toBe('')
    const body = Buffer.alloc(8_000_000, 'abcdefghijk')
    const answer = Buffer.from(await (await fetch(url, { method: 'POST', body })).arrayBuffer())
    expect(answer.equals(body)).toBe(true)
  })

  it('carries UDP, and answers to whoever asked', async () => {
    await open(on)
    await start(udpEcho(53), { run: isolated([{ port: 53, protocol: 'udp' }]), hostPorts: [0] })
    const { hostPort } = (await portsOf())[0]!
    for (const words of ['one', 'two']) {
      const socket = createSocket('udp4')
      const heard: string[] = []
      socket.on('message', (message) => heard.push(String(message)))
      await expect
        .poll(() => {
          socket.send(words, hostPort, '127.0.0.1')
          return heard[0]
        })
        .toBe(`got ${words}`)
      socket.close()
    }
  })

  it('is shared by the steps of an execution, who reach each other by name and alias, the earlier the later too', async () => {
    await open(on)
    const ask = (name: string): string =>
      `${NODE} -e "fetch('http://${name}:8080/').then(r => r.text()).then(console.log)"`
    const early = `until ${ask('web')} 2>/dev/null; do sleep 0.1; done`
    await start(['sh', '-c', early], { run: isolated() }, id(0))
    await observer.started(id(0))
    await start(
      httpServer(8080, 'hello'),
      { step: 'web', run: isolated([], { network: { mode: 'private', aliases: ['front'] } }) },
      id(1),
    )
    expect((await observer.exit(id(0))).exit.code).toBe(0)
    expect(harness.output(id(0)).trim()).toBe('hello')
    await sh(ask('front'), { run: isolated() }, id(2))
    expect(harness.output(id(2)).trim()).toBe('hello')
  })

  it('does not reach the host loopback, except where the engine offers it; health checks and exec are inside', async () => {
    const answer = (words: string): Promise<Server> =>
      new Promise((resolve) => {
        const server = createServer((_request, response) => response.end(words)).listen(0, '127.0.0.1', () =>
          resolve(server),
        )
      })
    const [secret, offered] = [await answer('secret'), await answer('offered')]
    const portOf = (server: Server): number => (server.address() as AddressInfo).port
    try {
      await open({ ...on, offers: () => [portOf(offered)] })
      const ask = (address: string, port: number): string =>
        `${NODE} -e "fetch('http://${address}:${port}/', {signal: AbortSignal.timeout(1000)}).then(r => r.text()).then(console.log, () => console.log('nothing'))"`
      const script = [
        ask('127.0.0.1', portOf(secret)),
        ask('198.19.0.1', portOf(secret)),
        ask('127.0.0.1', portOf(offered)),
        "cut -d: -f1 /proc/net/dev | tail -n +3 | tr -d ' ' | sort | xargs",
      ].join('\n')
      await sh(script, { run: isolated() })
      const [first, second, third, interfaces] = harness.output(id()).trim().split('\n')
      expect([first, third, interfaces]).toEqual(['nothing', 'offered', 'eth0 lo'])
      expect(second).not.toBe('secret')
      await start(['sleep', '600'], { run: isolated() }, id(1))
      await observer.started(id(1))
      const session = await harness.executor.exec(id(1), { argv: ['cat', '/proc/net/dev'] })
      const pieces: Uint8Array[] = []
      for await (const { bytes } of session.output) pieces.push(bytes)
      expect(Buffer.concat(pieces).toString()).toMatch(/eth0:/)
      expect(Buffer.concat(pieces).toString()).not.toMatch(/docker|veth|br-/)
    } finally {
      secret.close()
      offered.close()
    }
  })

  it('refuses a host port that is taken, naming it, and a port inside that another step has', async () => {
    await open(on)
    const taken = listenOn().listen(0, '127.0.0.1')
    await new Promise((resolve) => taken.once('listening', resolve))
    const { port } = taken.address() as AddressInfo
    const ports = [{ port: 80, hostPort: port, protocol: 'tcp' }] as const
    const refused = await sh('true', { run: isolated(ports), hostPorts: [port] })
    taken.close()
    expect(refused.exit).toMatchObject({ outcome: 'refused', reason: { code: 'port_unavailable', facts: { port } } })
    expect(refused.exit.reason!.message).toContain(String(port))
    await start(
      ['sleep', '600'],
      { run: isolated([{ port: 80, protocol: 'tcp' }]), step: 'web', hostPorts: [0] },
      id(1),
    )
    await observer.started(id(1))
    const second = await sh('true', { run: isolated([{ port: 80, protocol: 'tcp' }]), hostPorts: [0] }, id(2))
    expect(second.exit.reason).toMatchObject({ code: 'port_unavailable', facts: { port: '80/tcp', step: 'web' } })
  })

  it('frees its host ports before an exit is told, and all else with its allocation', async () => {
    await open(on)
    const port = await freePort()
    const ports = [{ port: 80, hostPort: port, protocol: 'tcp' }] as const
    for (let round = 0; round < 5; round++) {
      const exited = await sh('exit 3', { run: isolated(ports), hostPorts: [port] }, id(round))
      expect(exited.exit).toMatchObject({ outcome: 'exited', code: 3 })
    }
    await sh('true', { run: isolated(ports), hostPorts: [port], closesAllocation: true }, id(9))
    await expect.poll(machinery).toEqual([])
    expect(readdirSync(join(harness.directory, 'process', 'networks'))).toEqual([])
    await sh('true', { run: isolated() }, id(10))
    expect(machinery().length).toBeGreaterThan(0)
    await harness.executor.close(`${execution}:1` as never)
    await expect.poll(machinery).toEqual([])
  })

  it('outlives the server, whose successor sends later steps of the execution to it', async () => {
    await open({ ...on, cellLimit: 1 })
    await start(httpServer(80, 'still here'), {
      step: 'web',
      run: isolated([{ port: 80, protocol: 'tcp' }]),
      hostPorts: [0],
    })
    const { hostPort } = (await portsOf())[0]!
    await until(`http://127.0.0.1:${hostPort}/`).toBe('still here')
    await restart(true)
    expect(await get(`http://127.0.0.1:${hostPort}/`)).toBe('still here')
    const ask = `${NODE} -e "fetch('http://web/').then(r => r.text()).then(console.log)"`
    await sh(ask, { run: isolated() }, id(1))
    expect(harness.output(id(1)).trim()).toBe('still here')
  })

  it('ends with a cell that is killed: nothing of it is left when the attempt is lost', async () => {
    await open(on)
    await start(httpServer(80, 'x'), { run: isolated([{ port: 80, protocol: 'tcp' }]), hostPorts: [0] })
    const { hostPort } = (await portsOf())[0]!
    await until(`http://127.0.0.1:${hostPort}/`).toBe('x')
    expect(machinery().length).toBeGreaterThan(0)
    process.kill(cellPid(), 'SIGKILL')
    expect((await observer.exit(id())).exit.outcome).toBe('lost')
    expect(machinery()).toEqual([])
    expect(await get(`http://127.0.0.1:${hostPort}/`)).toBe('TypeError')
    expect(readdirSync(join(harness.directory, 'process', 'networks'))).toEqual([])
  })
})
