/** The vendor's own command line, unmodified, against a real server. */
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../support/taskport-process.ts'
import { hasUpsunCli, UpsunWorld } from '../support/upsun-world.ts'

const CONFIG = `
tasks:
  hello:
    type: "python:3.11"
    hooks: { build: "echo built > built.txt" }
    run: { command: "echo hello $WHO; cat built.txt; exit \${CODE:-0}" }
    variables: { env: { WHO: world } }
  sleeper:
    type: "python:3.11"
    run: { command: "echo asleep; sleep 120" }
`

describe.skipIf(!hasUpsunCli)('the upsun command line', () => {
  const world = new UpsunWorld()
  beforeAll(async () => {
    await world.open()
    const deployed = await world.deploy('shop', { '.upsun/config.yaml': CONFIG })
    expect(deployed.code, deployed.stderr).toBe(0)
  }, 60_000)
  afterAll(() => world.close())
  const at = ['-p', 'shop', '-e', 'main']

  test('lists the deployed tasks', async () => {
    const { code, stdout } = await world.upsun(['task:list', ...at, '--format', 'plain', '--no-header'])
    expect(code).toBe(0)
    expect(stdout.split('\n').map((line) => line.split('\t')[0])).toEqual(expect.arrayContaining(['hello', 'sleeper']))
  })

  test('runs a task with a variable of its own, waits, shows its log and exits 0', async () => {
    const { code, stdout, stderr } = await world.upsun([
      'task:run',
      'hello',
      ...at,
      '--wait',
      '--variable',
      'env:WHO=you',
    ])
    expect(code, stderr).toBe(0)
    const shown = stdout + stderr
    expect(shown).toMatch(/Starting task container hello--task--[a-z0-9]{8}\s/)
    expect(shown).toMatch(/hello you\s+built/)
    expect(shown).toContain('The activity succeeded')
  })

  test('exits 1 when the command fails, and the activity tells its exit code', async () => {
    const { code, stderr } = await world.upsun(['task:run', 'hello', ...at, '--wait', '--variable', 'env:CODE=7'])
    expect(code, stderr).toBe(1)
    const [newest] = await world.json<{ id: string }[]>('/projects/shop/activities?count=1&type=environment.task')
    const activity = await world.activity('shop', newest!.id)
    expect(activity).toMatchObject({
      state: 'complete',
      result: 'failure',
      failure_reason: 'shell',
      completion_percent: 100,
    })
    expect(activity.commands).toEqual([{ app: 'hello', type: 'run', exit_code: 7 }])
  })

  test('a new user begins in an empty directory: init, deploy, run', async () => {
    const directory = mkdtempSync(join(world.home, 'empty-'))
    const begun = await world.server.run(['upsun', 'init'], { directory })
    expect(begun.code, begun.stderr).toBe(0)
    expect(begun.stderr).toContain('next: taskport upsun deploy . --project demo --environment main')
    const again = await world.server.run(['upsun', 'init'], { directory })
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('is there already')])
    const deploy = ['upsun', 'deploy', '.', '--project', 'demo', '--environment', 'main']
    const deployed = await world.server.run(deploy, { directory })
    expect(deployed.code, deployed.stderr).toBe(0)
    const ran = await world.upsun(['task:run', 'hello', '-p', 'demo', '-e', 'main', '--wait', '--yes'])
    expect(ran.code, ran.stderr).toBe(0)
    expect(ran.stdout + ran.stderr).toMatch(/Hello, world, from hello\s+built in \/app/)
  }, 30_000)

  test('says that a task is not there', async () => {
    const { code, stderr } = await world.upsun(['task:run', 'nosuch', ...at, '--wait'])
    expect(code).toBe(1)
    expect(stderr).toContain('was not found on the environment')
  })

  test('cancels a running task, and says that it was cancelled; a second time it cannot', async () => {
    const { id } = await world.start('shop', 'sleeper')
    await eventually('it runs', async () => (await world.activity('shop', id)).state === 'in_progress')
    const cancelled = await world.upsun(['activity:cancel', id, ...at])
    expect(cancelled.code, cancelled.stderr).toBe(0)
    await eventually('it is cancelled', async () => (await world.activity('shop', id)).state === 'cancelled')
    const activity = await world.activity('shop', id)
    expect(activity).toMatchObject({ result: 'failure', completion_percent: 100 })
    expect(activity.cancelled_at).not.toBeNull()
    const again = await world.api(`/projects/shop/activities/${id}/cancel`, { method: 'POST' })
    expect(again.status).toBe(400)
    expect(await again.text()).toContain('cannot be cancelled in its current state')
    const log = await world.upsun(['activity:log', id, ...at])
    expect(log.stdout).toContain('asleep')
    expect(log.stdout).toContain('cancelled by admin')
  })

  test('shows activities, environments, projects and resources', async () => {
    const listed = await world.upsun(['activity:list', ...at, '--format', 'csv', '--type', 'environment.task'])
    expect(listed.stdout).toContain('admin ran task **hello**')
    const { stdout: status } = await world.upsun(['environment:info', ...at, 'status'])
    expect(status.trim()).toBe('active')
    const projects = await world.upsun(['project:list', '--pipe'])
    expect(projects.stdout.trim().split('\n')).toEqual(['demo', 'shop'])
    const set = await world.upsun(['resources:set', ...at, '--size', 'hello:1', '--no-wait', '--yes'])
    expect(set.code, set.stderr).toBe(0)
    const { stdout: resources } = await world.upsun(['resources:get', ...at, '--format', 'csv'])
    expect(resources).toMatch(/hello,1,shared,1\.0,"?1920/)
    const curl = await world.upsun([
      'environment:curl',
      '/tasks/hello/run',
      ...at,
      '-X',
      'POST',
      '-d',
      '{"variables":{"env":{"WHO":"curl"}}}',
    ])
    expect(JSON.parse(curl.stdout)).toMatchObject({ status: 'created', code: 202 })
  }, 20_000)

  test('creates, lists, updates and deletes variables; a sensitive one is never shown', async () => {
    const flags = ['--json', 'false', '--visible-build', 'true', '--visible-runtime', 'true', '--no-wait']
    const secret = [
      'variable:create',
      '-p',
      'shop',
      '-l',
      'project',
      '--name',
      'env:TOKEN',
      '--value',
      's3cr3t',
      '--sensitive',
      'true',
    ]
    const created = await world.upsun([...secret, ...flags])
    expect(created.code, created.stderr).toBe(0)
    const own = [
      'variable:create',
      ...at,
      '-l',
      'environment',
      '--name',
      'env:WHO',
      '--value',
      'env',
      '--sensitive',
      'false',
    ]
    const second = await world.upsun([...own, '--enabled', 'true', '--inheritable', 'true', ...flags])
    expect(second.code, second.stderr).toBe(0)
    expect((await world.run('shop', 'hello')).log).toContain('hello env\n')
    const { stdout } = await world.upsun(['variable:list', ...at, '--format', 'csv'])
    expect(stdout).toContain('env:WHO,environment,env')
    expect(stdout + created.stdout).not.toContain('s3cr3t')
    const updated = await world.upsun(['variable:update', 'env:WHO', ...at, '--value', 'new', '--no-wait'])
    expect(updated.code, updated.stderr).toBe(0)
    expect((await world.run('shop', 'hello')).log).toContain('hello new\n')
    const removed = await world.upsun(['variable:delete', 'env:WHO', ...at, '-l', 'environment', '--yes', '--no-wait'])
    expect(removed.code, removed.stderr).toBe(0)
    expect((await world.run('shop', 'hello')).log).toContain('hello world\n')
  }, 30_000)

  test('an inherited variable is shown, overridden by an update, and deleted where it was set only', async () => {
    const set = await world.api('/projects/shop/environments/main/variables', {
      method: 'POST',
      body: JSON.stringify({ name: 'env:WHO', value: 'above' }),
    })
    expect(set.status).toBe(201)
    const files = { '.upsun/config.yaml': CONFIG }
    expect((await world.deploy('shop', files, ['--environment', 'below'])).code).toBe(0)
    const below = ['-p', 'shop', '-e', 'below']
    const value = async (): Promise<string> =>
      (await world.upsun(['variable:get', 'env:WHO', ...below, '-P', 'value'])).stdout
    expect(await value()).toBe('above\n')
    const kept = await world.upsun(['variable:delete', 'env:WHO', ...below, '--yes', '--no-wait'])
    expect([kept.code, kept.stderr]).toEqual([1, expect.stringContaining('is inherited')])
    const path = '/projects/shop/environments/below/variables/env%3AWHO'
    expect((await world.api(path, { method: 'DELETE' })).status).toBe(400)
    const updated = await world.upsun(['variable:update', 'env:WHO', ...below, '--value', 'own', '--no-wait'])
    expect(updated.code, updated.stderr).toBe(0)
    expect(await value()).toBe('own\n')
    const removed = await world.upsun(['variable:delete', 'env:WHO', ...below, '--yes', '--no-wait'])
    expect(removed.code, removed.stderr).toBe(0)
    expect(await value()).toBe('above\n')
    expect((await world.upsun(['variable:delete', 'env:WHO', ...at, '--yes', '--no-wait'])).code).toBe(0)
    expect((await world.api(path)).status).toBe(404)
  }, 30_000)

  test('a project variable reaches a task after a redeployment, not before', async () => {
    const body = JSON.stringify({ name: 'env:WHO', value: 'project' })
    expect((await world.api('/projects/shop/variables', { method: 'POST', body })).status).toBe(201)
    expect((await world.run('shop', 'hello')).log).toContain('hello world\n')
    const { code, stderr } = await world.upsun(['environment:redeploy', ...at, '--yes', '--wait'])
    expect(code, stderr).toBe(0)
    expect((await world.run('shop', 'hello')).log).toContain('hello project\n')
  }, 30_000)
})
