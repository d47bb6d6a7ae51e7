import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { canRunDocker, DockerEngine } from '../../../test/support/docker-engine.ts'
import { type AttemptId, asTenant } from '../../core/identity.ts'
import type { Work } from '../../core/ports/executor.ts'
import type { RunSpec } from '../../core/step-spec.ts'
import { ContainerWorld } from './fixtures/container-world.ts'
import { importTestImage } from './fixtures/test-image.ts'
import { TestRegistry } from './fixtures/test-registry.ts'

describe.skipIf(!canRunDocker())('images (needs root and the package docker.io)', { timeout: 60_000 }, () => {
  let engine: DockerEngine
  let registry: TestRegistry
  let world: ContainerWorld
  beforeAll(async () => {
    engine = await DockerEngine.open()
    await importTestImage(engine.address)
  }, 120_000)
  afterAll(() => engine.stop(), 60_000)
  beforeEach(async () => {
    registry = await TestRegistry.open()
    world = await ContainerWorld.open({ engine: engine.address, pull: { silenceMs: 2_000 } })
  })
  afterEach(async () => {
    await world.end()
    await world.harness.docker
      .getImage(registry.image)
      .remove({ force: true })
      .catch(() => undefined)
    registry.close()
  })

  const id = (step?: number): AttemptId => world.id(step)
  const login = (tenant = 'acme'): Partial<Work> => ({ ...as(tenant), registryCredential: registry.credential })
  const as = (tenant: string): Partial<Work> => ({ place: { ...world.work('').place, tenant: asTenant(tenant) } })
  const ran = async (step: number, run: Partial<RunSpec>, more: Partial<Work>) => {
    const image = { image: registry.image, argv: ['/bin/busybox', 'true'], init: false }
    const { exit } = await world.ran('', { ...image, ...run }, more, id(step))
    return exit.reason?.code ?? exit.code
  }

  it('says why an image is not there, in the engine’s words', async () => {
    const { exit } = await world.ran('true', { image: 'taskport-nothing:1', pull: 'never' })
    expect([exit.outcome, exit.reason?.code]).toEqual(['refused', 'image_missing'])
    const pulled = await world.ran('true', { image: '127.0.0.1:1/nothing:1' }, {}, id(1))
    expect([pulled.exit.outcome, pulled.exit.reason?.code]).toEqual(['refused', 'image_pull_failed'])
    expect(pulled.exit.reason?.message).toContain('connection refused')
    expect(world.observer.seen.some((o) => o.attempt === id(1) && o.kind === 'pulling')).toBe(true)
  })

  it('are pulled with the credential of their step; the digest is reported, and they are pulled again only when told to', async () => {
    expect(await ran(0, {}, {})).toBe('image_pull_failed')
    expect(await ran(1, { image: registry.image.replace('busy:1', 'busy:2') }, login())).toBe('image_missing')
    expect(await ran(2, {}, login())).toBe(0)
    const news = world.observer.seen.filter(({ attempt }) => attempt === id(2)).map(({ kind }) => kind)
    expect(news.filter((kind, i) => kind !== news[i - 1])).toEqual(['pulling', 'started', 'exited'])
    const facts = { imageDigest: registry.digest, pullStoppedAt: expect.any(Number) }
    expect(await world.observer.started(id(2))).toMatchObject(facts)
    const { pulls } = registry
    expect(await ran(3, {}, login())).toBe(0)
    expect(registry.pulls).toBe(pulls)
    expect(await ran(4, { pull: 'always' }, login())).toBe(0)
    expect(registry.pulls).toBeGreaterThan(pulls)
  })

  it('that one tenant’s credential fetched are nobody else’s, by no name and also after a restart', async () => {
    expect(await ran(0, {}, login())).toBe(0)
    const { Id } = await world.harness.docker.getImage(registry.image).inspect()
    await world.restarted()
    expect(await ran(1, {}, as('acme'))).toBe(0)
    expect(await ran(2, {}, as('other'))).toBe('image_pull_failed')
    expect(await ran(3, { pull: 'never' }, as('other'))).toBe('image_missing')
    expect(await ran(4, { image: Id, pull: 'never' }, as('other'))).toBe('image_missing')
    const byDigest = { image: registry.image.replace(/:1$/, `@${registry.digest}`) }
    expect(await ran(5, byDigest, as('other'))).toBe('image_pull_failed')
    expect(await ran(11, { ...byDigest, pull: 'always' }, as('other'))).toBe('image_pull_failed')
    expect(await ran(12, byDigest, login('fifth'))).toBe(0)
    expect(await ran(6, {}, login('other'))).toBe(0)
    expect(await ran(7, { pull: 'never' }, as('other'))).toBe(0)
    expect(await ran(8, {}, as('third'))).toBe('image_pull_failed')
    registry.isOpen = true
    expect(await ran(9, {}, as('third'))).toBe(0)
    expect(await ran(10, { pull: 'never' }, as('fourth'))).toBe(0)
  })

  it('tell how far their pull is', async () => {
    registry.pace = 'slowly'
    expect(await ran(0, {}, login())).toBe(0)
    const told = world.observer.seen.flatMap((o) => (o.kind === 'pulling' && o.progress?.percent) || [])
    expect(told.some((percent) => percent > 0 && percent < 100)).toBe(true)
    expect(told).toEqual(told.toSorted((a, b) => a - b))
  })

  it('are given up when the registry falls silent, and when the step is stopped', async () => {
    registry.pace = 'never'
    const { exit } = await world.ran('', { image: registry.image }, login(), id(0))
    expect(exit.reason).toMatchObject({
      code: 'image_pull_failed',
      message: expect.stringContaining('nothing was heard for 2000 ms'),
    })
    const start = world.start('', { image: registry.image }, login(), id(1))
    await world.observer.until((o) => o.kind === 'pulling' && o.attempt === id(1))
    await world.harness.executor.stop(id(1), { signal: 'SIGTERM', graceMs: 60_000 })
    await start
    expect((await world.observer.exit(id(1))).exit.reason?.code).toBe('stopped_by_user')
  })
})
