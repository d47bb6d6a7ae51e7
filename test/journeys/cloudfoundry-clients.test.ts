/**
 * Real clients, unmodified: cloudfoundry-client from PyPI, and the cf CLI v8 wherever scripts/cf-clients.mjs has it.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
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
  test('login, push --droplet, run-task --wait, tasks, logs, terminate-task, delete', async () => {
    const home = mkdtempSync(join(tmpdir(), 'taskport-cf-home-'))
    const cf = (...args: readonly string[]) =>
      run(cli!, args, { cwd: home, timeout: 60_000, env: { PATH: process.env.PATH, HOME: home, CF_HOME: home } })
    try {
      writeFileSync(join(home, 'x.tgz'), dropletOf({ 'a.sh': 'echo out\n' }))
      await cf('api', world.url)
      await cf('auth', world.username, world.password)
      await cf('target', '-o', 'default', '-s', 'default')
      await cf('push', 'cli', '--no-start', '--no-route', '--droplet', 'x.tgz')
      await cf('run-task', 'cli', '-c', 'sh a.sh', '--name', 'one', '-m', '64M', '--wait')
      expect((await cf('tasks', 'cli')).stdout).toMatch(/1\s+one\s+SUCCEEDED/)
      expect((await cf('logs', 'cli', '--recent')).stdout).toContain('[APP/TASK/one/0] OUT out')
      await cf('run-task', 'cli', '-c', 'sleep 60', '--name', 'two')
      await cf('terminate-task', 'cli', '2')
      await cf('delete', 'cli', '-f')
    } finally {
      rmSync(home, { recursive: true, force: true })
    }
  }, 180_000)
})
