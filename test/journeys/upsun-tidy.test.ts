/** What is taken away again: builds that nothing is made of any more, volumes, caches, environments. */
import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../support/taskport-process.ts'
import { hasUpsunCli, UpsunWorld } from '../support/upsun-world.ts'

const config = (mark: string): string => `
tasks:
  sleeper: { type: "python:3.11", run: { command: "echo asleep; sleep 120" } }
  t:
    type: "python:3.11"
    mounts: { data: { source: storage } }
    hooks: { build: "echo ${mark} > ${mark}-built; echo ${mark} >> $PLATFORM_CACHE_DIR/kept; cp $PLATFORM_CACHE_DIR/kept seen" }
    run: { command: "ls; cat seen; cat data/f; echo ${mark}-stored > data/f" }
`

describe('tidying up', () => {
  const world = new UpsunWorld()
  beforeAll(() => world.open(['--retention', '3s']), 60_000)
  afterAll(() => world.close())

  const deploy = async (mark: string, options: readonly string[] = []): Promise<void> => {
    const { code, stderr } = await world.deploy('tidy', { '.upsun/config.yaml': config(mark), mark }, options)
    expect(code, stderr).toBe(0)
  }
  const files = (name: string): readonly string[] =>
    execFileSync('find', [world.server.dataDirectory, '-name', name, '-not', '-path', '*trash*'])
      .toString()
      .split('\n')
      .filter((path) => path !== '')
  /** Each has a file beside it that holds its digest. */
  const archives = (): number => files('*.sha256').filter((path) => path.includes('tree')).length

  test('a build stays while an environment is made of it, and goes once it is old and nothing is', async () => {
    await deploy('one')
    await deploy('one', ['--environment', 'dev'])
    await deploy('two')
    expect(archives()).toBe(2)
    await new Promise((resolve) => setTimeout(resolve, 3_100))
    await deploy('three')
    await eventually('two is gone', () => files('two-built').length === 0)
    await eventually('its archive is gone', () => archives() === 2)
    expect([files('one-built').length, files('three-built').length]).toEqual([1, 1])
    expect((await world.run('tidy', 't')).log).toContain('three-built')
    await deploy('two')
    expect((await world.run('tidy', 't')).log).toContain('two-built')
  }, 60_000)

  test('deactivating ends what runs and deletes what was stored; then it may be deleted; the main one may not', async () => {
    await deploy('four', ['--environment', 'dev'])
    const at = '/projects/tidy/environments/dev'
    const run = async (task: string): Promise<string> => {
      const reply = await world.api(`${at}/tasks/${task}/run`, { method: 'POST', body: '{}' })
      return ((await reply.json()) as { _embedded: { activities: { id: string }[] } })._embedded.activities[0]!.id
    }
    expect(await world.log('tidy', await run('t'))).not.toContain('four-stored')
    expect(await world.log('tidy', await run('t'))).toContain('four-stored')
    const sleeper = await run('sleeper')
    await eventually('it runs', async () => (await world.activity('tidy', sleeper)).state === 'in_progress')
    expect((await world.api(at, { method: 'DELETE' })).status).toBe(400)
    expect((await world.api(`${at}/deactivate`, { method: 'POST' })).status).toBe(202)
    expect(await world.json(at)).toMatchObject({ status: 'inactive', has_deployment: false })
    expect((await world.api(`${at}/tasks/t/run`, { method: 'POST', body: '{}' })).status).toBe(404)
    await deploy('four', ['--environment', 'dev'])
    expect(await world.json(at)).toMatchObject({ status: 'active' })
    expect(await world.log('tidy', await run('t'))).not.toContain('four-stored')
    expect((await world.api(`${at}/deactivate`, { method: 'POST' })).status).toBe(202)
    expect((await world.api(at, { method: 'DELETE' })).status).toBe(202)
    expect((await world.api(at)).status).toBe(404)
    expect((await world.api('/projects/tidy/environments/main', { method: 'DELETE' })).status).toBe(400)
  }, 60_000)

  test('the cache of builds outlives builds until it is cleared', async () => {
    await deploy('five')
    expect((await world.run('tidy', 't')).log).toMatch(/two\n(?:.*\n)*five\n/)
    expect((await world.api('/projects/tidy/clear_build_cache', { method: 'POST' })).status).toBe(202)
    await deploy('six')
    expect((await world.run('tidy', 't')).log).not.toContain('five\n')
  }, 60_000)

  test.skipIf(!hasUpsunCli)(
    'the vendor’s command line deactivates and deletes an environment, and clears the cache',
    async () => {
      await deploy('one', ['--environment', 'gone'])
      const args = ['environment:delete', '-p', 'tidy', '-e', 'gone', '--delete-branch', '--yes', '--wait']
      const { code, stderr } = await world.upsun(args)
      expect(code, stderr).toBe(0)
      expect((await world.api('/projects/tidy/environments/gone')).status).toBe(404)
      const cleared = await world.upsun(['project:clear-build-cache', '-p', 'tidy'])
      expect(cleared.code, cleared.stderr).toBe(0)
    },
    60_000,
  )
})
