/**
 * Real clients, unmodified: cloudfoundry-client from PyPI, and the cf CLI v8 wherever scripts/cf-clients.mjs has it.
 */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cfCli, cfPython } from '../../scripts/cf-clients.mjs'
import { type CfWorld, dropletOf, openCfWorld } from '../support/cf-world.ts'

const run = promisify(execFile)

function found(make: () => string): string | undefined {
  try {
    return make()
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    return undefined
  }
}

const python = found(cfPython)
const cli = found(() => cfCli({ build: false }))
let world: CfWorld
let app: string

beforeAll(async () => {
  world = await openCfWorld()
  app = await world.admin.pushDroplet('demo', dropletOf({ 'a.sh': 'true\n' }))
}, 60_000)
afterAll(() => world?.close())

const SCRIPT = `
import json, sys, time
from cloudfoundry_client.client import CloudFoundryClient
from cloudfoundry_client.errors import InvalidStatusCode
url, user, password, app = sys.argv[1:]
client = CloudFoundryClient(url, verify=False)
client.init_with_user_credentials(user, password)
seen = {'orgs': [o['name'] for o in client.v3.organizations], 'apps': [a['name'] for a in client.v3.apps.list(names='demo')]}
def ended(guid):
    while True:
        task = client.v3.tasks.get(guid)
        if task['state'] in ('SUCCEEDED', 'FAILED'):
            return task
        time.sleep(0.05)
task = ended(client.v3.tasks.create(app, 'exit 3', name='py', memory_in_mb=64)['guid'])
seen['failed'] = [task['state'], task['result']['failure_reason'], task['memory_in_mb']]
long = client.v3.tasks.create(app, 'sleep 60', name='long')
seen['cancelled'] = client.v3.tasks.cancel(long['guid'])['state']
seen['reason'] = ended(long['guid'])['result']['failure_reason']
for number in range(4):
    ended(client.v3.tasks.create(app, 'true', name='many')['guid'])
seen['many'] = [t['sequence_id'] for t in client.v3.tasks.list(names='many', per_page=2)]
seen['first'] = client.v3.tasks.get_first(names='py')['sequence_id']
try:
    client.v3.tasks.cancel(long['guid'])
except InvalidStatusCode as problem:
    seen['refused'] = [int(problem.status_code), problem.body['errors'][0]['detail']]
client.v3.apps.remove(app)
seen['left'] = [a['name'] for a in client.v3.apps.list(names='demo')]
print(json.dumps(seen))
`

describe.skipIf(python === undefined)('cloudfoundry-client for Python', () => {
  test('logs in, lists, creates, polls, cancels and removes', async () => {
    const args = ['-c', SCRIPT, world.url, world.username, world.password, app]
    const { stdout } = await run(python!, args, { timeout: 60_000 })
    expect(JSON.parse(stdout)).toEqual({
      orgs: ['default'],
      apps: ['demo'],
      failed: ['FAILED', 'APP/TASK/py: Exited with status 3', 64],
      cancelled: 'CANCELING',
      reason: 'task was cancelled',
      many: [3, 4, 5, 6],
      first: 1,
      refused: [422, 'Task state is FAILED and therefore cannot be canceled'],
      left: [],
    })
  }, 90_000)
})

describe.skipIf(cli === undefined)('the cf CLI v8', () => {
  let home: string
  const cf = async (...args: readonly string[]): Promise<string> => {
    const env = { PATH: process.env.PATH, HOME: home, CF_HOME: home, CF_PASSWORD: world.password }
    return (await run(cli!, args, { cwd: home, timeout: 60_000, env })).stdout
  }
  /** What the command says when it fails. */
  const refused = (...args: readonly string[]): Promise<string> =>
    cf(...args).then(
      () => 'taken',
      (error: { stdout: string; stderr: string }) => error.stdout + error.stderr,
    )

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'taskport-cf-home-'))
    await cf('api', world.url)
    await cf('auth', world.username, world.password)
    await cf('target', '-o', 'default', '-s', 'default')
  }, 60_000)
  afterAll(() => rmSync(home, { recursive: true, force: true }))

  test('push --droplet, run-task --wait, tasks, task, logs, terminate-task, delete', async () => {
    writeFileSync(join(home, 'x.tgz'), dropletOf({ 'a.sh': 'echo out\n' }))
    await cf('push', 'cli', '--no-start', '--no-route', '--droplet', 'x.tgz')
    await cf('run-task', 'cli', '-c', 'sh a.sh', '--name', 'one', '-m', '64M', '-k', '64M', '--wait')
    expect(await cf('tasks', 'cli')).toMatch(/1\s+one\s+SUCCEEDED/)
    expect(await cf('logs', 'cli', '--recent')).toContain('[APP/TASK/one/0] OUT out')
    expect(await refused('run-task', 'cli', '-c', 'exit 3', '--wait')).toMatch(/Task failed to complete successfully/)
    await cf('run-task', 'cli', '-c', 'sleep 60', '--name', 'three')
    await cf('terminate-task', 'cli', '3')
    await cf('delete', 'cli', '-f')
  }, 180_000)

  test('push --task of bits with the binary buildpack, variables, services, app and apps', async () => {
    const bits = join(home, 'bits')
    mkdirSync(bits)
    writeFileSync(join(bits, 'run.sh'), 'echo $WHO $DATABASE_URL\n')
    await cf('push', 'bits', '--task', '-b', 'binary_buildpack', '-p', bits, '-c', 'sh run.sh', '--no-route')
    await cf('set-env', 'bits', 'WHO', 'me')
    expect(await cf('env', 'bits')).toMatch(/WHO:\s+me/)
    await cf('cups', 'db', '-p', '{"uri":"postgres://u@h/d"}')
    await cf('bind-service', 'bits', 'db')
    expect(await cf('services')).toMatch(/db\s+user-provided\s+bits/)
    await cf('run-task', 'bits', '--process', 'web', '--name', 'templated', '--wait')
    expect(await cf('logs', 'bits', '--recent')).toContain('[APP/TASK/templated/0] OUT me postgres://u@h/d')
    expect(await cf('apps')).toContain('bits')
    expect(await cf('app', 'bits')).toContain('bits')
    expect(await cf('create-app', 'bare')).toContain('OK')
    expect(await refused('run-task', 'bare', '-c', 'true')).toMatch(/not staged/)
    for (const name of ['bits', 'bare']) await cf('delete', name, '-f')
  }, 180_000)

  test('org, space, users, roles and quotas', async () => {
    expect(await cf('org', 'default')).toMatch(/quota:\s+default/)
    expect(await cf('space', 'default')).toContain('default')
    await cf('create-org', 'two')
    await cf('create-space', 'dev', '-o', 'two')
    await cf('create-user', 'ann', 'pw')
    await cf('set-space-role', 'ann', 'two', 'dev', 'SpaceDeveloper')
    expect(await cf('space-users', 'two', 'dev')).toContain('ann')
    await cf('unset-space-role', 'ann', 'two', 'dev', 'SpaceDeveloper')
    await cf('create-org-quota', 'small', '-m', '1G')
    await cf('set-org-quota', 'two', 'small')
    expect(await cf('org-quotas')).toContain('small')
    await cf('create-space-quota', 'tiny', '-m', '64M')
    await cf('delete-user', 'ann', '-f')
    await cf('delete-org', 'two', '-f')
  }, 180_000)
})
