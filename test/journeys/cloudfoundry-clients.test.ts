/**
 * cloudfoundry-client from PyPI, unmodified, wherever scripts/cf-clients.mjs has it.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cfPython } from '../../scripts/cf-clients.mjs'
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
