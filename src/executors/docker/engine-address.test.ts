import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { canRunDocker, DockerEngine } from '../../../test/support/docker-engine.ts'
import { freePort } from '../../../test/support/tcp.ts'
import { engineOptionsOf } from './engine-address.ts'
import { ContainerWorld } from './fixtures/container-world.ts'
import { importTestImage } from './fixtures/test-image.ts'

it.each([
  ['unix:///run/x.sock', { socketPath: '/run/x.sock' }],
  ['tcp://engine:1234', { host: 'engine', port: 1234, protocol: 'http' }],
  ['tcp://engine', { host: 'engine', port: 2375, protocol: 'http' }],
  ['http://engine:80/', { host: 'engine', protocol: 'http' }],
])('%s is an address of an engine', (address, options) => {
  expect(engineOptionsOf(address, {})).toMatchObject(options)
})

it.each([
  ['ssh://me@host', /ssh -nNT -L .* me@host, and use unix:/],
  ['npipe:////./pipe/docker_engine', /no address of a container engine/],
  ['/var/run/docker.sock', /no address of a container engine/],
  ['https://engine', /certificates .* cannot be read: .*ca\.pem/],
])('%s is none, and why is said', (address, why) => {
  expect(() => engineOptionsOf(address, { DOCKER_CERT_PATH: '/nowhere' })).toThrow(why)
})

describe.skipIf(!canRunDocker())('an engine behind TLS (needs root and the package docker.io)', () => {
  const directory = mkdtempSync(join(tmpdir(), 'taskport-certificates-'))
  const kept = { verify: process.env.DOCKER_TLS_VERIFY, path: process.env.DOCKER_CERT_PATH }
  let engine: DockerEngine
  let address: string
  beforeAll(async () => {
    makeCertificates(directory)
    address = `tcp://127.0.0.1:${await freePort()}`
    const files = { tlscacert: 'ca.pem', tlscert: 'cert.pem', tlskey: 'key.pem' }
    const flags = Object.entries(files).flatMap(([flag, file]) => [`--${flag}`, join(directory, file)])
    engine = await DockerEngine.open('--host', address, '--tlsverify', ...flags)
    await importTestImage(engine.address)
    Object.assign(process.env, { DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: directory })
  }, 120_000)
  afterAll(async () => {
    for (const [name, value] of [
      ['DOCKER_TLS_VERIFY', kept.verify],
      ['DOCKER_CERT_PATH', kept.path],
    ] as const)
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    await engine.stop()
    rmSync(directory, { recursive: true, force: true })
  }, 60_000)

  it('runs containers, follows their logs, runs commands inside, and keeps limits without a server', async () => {
    const world = await ContainerWorld.open({ engine: address })
    await world.start('echo hello; sleep 60', {}, { timeoutMs: 3_000 })
    await expect.poll(() => world.output(), { timeout: 10_000 }).toBe('hello\n')
    const session = await world.harness.executor.exec(world.id(), { argv: ['echo', 'inside'] })
    const said: string[] = []
    for await (const { bytes } of session.output) said.push(Buffer.from(bytes).toString())
    expect([said.join(''), (await session.exit).code]).toEqual(['inside\n', 0])
    world.harness.executor.abandon()
    await expect
      .poll(async () => (await world.harness.docker.listContainers()).length, { timeout: 20_000, interval: 100 })
      .toBe(0)
    await world.restarted()
    expect((await world.observer.exit(world.id())).exit.outcome).toBe('timedOut')
    await world.end()
  })

  it.each(['SIGKILL', 'SIGTERM'] as const)(
    'that ends by %s and stops its containers loses them, and says how',
    async (signal) => {
      const world = await ContainerWorld.open({ engine: address })
      await world.start('sleep 600')
      await engine.halt(signal)
      const waiting = await world.observer.until((o) => o.kind === 'waiting')
      expect(waiting).toMatchObject({ reason: { code: 'executor_unavailable' } })
      await engine.start()
      const { exit } = await world.observer.exit(world.id(), 40_000)
      expect(exit).toMatchObject({ outcome: 'lost', reason: { code: 'executor_lost', facts: { code: 143 } } })
      expect(exit.reason?.message).toContain('while the container engine was out of reach')
      await world.end()
    },
  )

  it('does not answer without certificates, and the operator is told', async () => {
    delete process.env.DOCKER_TLS_VERIFY
    await expect(ContainerWorld.open({ engine: address, patienceMs: 500 })).rejects.toThrow(
      /no container engine answers/,
    )
    process.env.DOCKER_TLS_VERIFY = '1'
  })
})

/** An authority, and one certificate for both sides. */
function makeCertificates(directory: string): void {
  const openssl = (...args: readonly string[]): void =>
    void execFileSync('openssl', args, { cwd: directory, stdio: 'ignore' })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  openssl('req', '-x509', ...key, '-keyout', 'ca-key.pem', '-out', 'ca.pem', '-subj', '/CN=authority', '-days', '2')
  openssl('req', ...key, '-keyout', 'key.pem', '-out', 'request.pem', '-subj', '/CN=both')
  writeFileSync(join(directory, 'names'), 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n')
  const signed = ['-CA', 'ca.pem', '-CAkey', 'ca-key.pem', '-CAcreateserial', '-days', '2', '-extfile', 'names']
  openssl('x509', '-req', '-in', 'request.pem', ...signed, '-out', 'cert.pem')
}
