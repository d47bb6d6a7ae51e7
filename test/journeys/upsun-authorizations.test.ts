/** Tokens that code inside a task gets at 127.0.0.1:8200: what they may do, and who gets none. */
import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { UpsunWorld } from '../support/upsun-world.ts'

const PROBE = `
import json, os, sys, urllib.request, urllib.error
def call(url, data=None, headers={}):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=data, headers=headers)) as reply:
            return reply.status, json.loads(reply.read() or b'{}')
    except urllib.error.HTTPError as error:
        return error.code, {}
status, reply = call('http://127.0.0.1:8200/oauth2/token', b'grant_type=client_credentials', {'x-token-ttl': '120'})
print('token', status, reply.get('expires_in'), reply.get('token_type'))
print('minted', reply.get('access_token'))
bearer = {'authorization': 'Bearer ' + reply.get('access_token', '')}
api = os.environ['API'] + '/projects/auth'
for name, url, data in [
    ('own', api + '/environments/main', None), ('tasks', api + '/environments/main/tasks', None),
    ('activities', api + '/environments/main/activities', None), ('sibling', api + '/environments/dev', None),
    ('all', api + '/environments', None), ('helper', api + '/environments/main/tasks/helper/run', b'{}'),
    ('other', api + '/environments/main/tasks/other/run', b'{}'),
    ('variable', api + '/environments/main/variables', b'{"name":"a","value":"b"}'),
]:
    print(name, call(url, data, bearer)[0])
`
const CONFIG = `
tasks:
  agent:
    type: "python:3.11"
    run: { command: "python3 probe.py" }
    authorizations: [ { type: env, action: view }, { type: task, resource: helper, action: operate } ]
  narrow:
    type: "python:3.11"
    run: { command: "python3 probe.py" }
    authorizations: [ { type: task, resource: helper, action: operate } ]
  none: { type: "python:3.11", run: { command: "TASKPORT_ATTEMPT=x python3 probe.py" } }
  helper: { type: "python:3.11", run: { command: "true" } }
  other: { type: "python:3.11", run: { command: "true" } }
`

describe('authorizations', () => {
  const world = new UpsunWorld()
  beforeAll(async () => {
    await world.open()
    for (const environment of ['main', 'dev']) {
      const files = { '.upsun/config.yaml': CONFIG, 'probe.py': PROBE }
      const deployed = await world.deploy('auth', files, ['--environment', environment])
      expect(deployed.code, deployed.stderr).toBe(0)
    }
  })
  afterAll(() => world.close())

  const probe = async (task: string): Promise<Readonly<Record<string, string>>> => {
    const { log } = await world.run('auth', task, { env: { API: world.variables.UPSUN_CLI_API_URL } })
    return Object.fromEntries(
      log
        .trim()
        .split('\n')
        .slice(1)
        .map((line) => [line.split(' ')[0], line.slice(line.indexOf(' ') + 1)]),
    )
  }

  test('a port that is taken is a refusal that names it', async () => {
    const squatter = createServer()
    await new Promise<void>((resolve) => squatter.listen(8200, '127.0.0.1', resolve))
    const reply = await world.api('/projects/auth/environments/main/tasks/agent/run', { method: 'POST' })
    expect(reply.status).toBe(503)
    expect(await reply.text()).toContain('127.0.0.1:8200, where a task gets its tokens, is taken by another program')
    await new Promise((resolve) => squatter.close(resolve))
  })

  test('a token may do what the list says, in its own environment, and nothing else', async () => {
    const { minted, ...agent } = await probe('agent')
    expect(agent).toEqual({
      ...{ token: '200 120 bearer', own: '200', tasks: '200', activities: '200', helper: '202' },
      ...{ sibling: '403', all: '403', other: '403', variable: '403' },
    })
    const headers = { authorization: `Bearer ${minted}` }
    expect((await world.api('/projects/auth/environments/main', { headers })).status, 'its task has ended').toBe(401)
    expect(await probe('narrow')).toMatchObject({
      token: '200 120 bearer',
      own: '403',
      tasks: '403',
      helper: '202',
      other: '403',
    })
  })

  test('nothing is answered without a token, in development mode neither', async () => {
    const api = world.variables.UPSUN_CLI_API_URL!
    const calls: readonly (readonly [string, string])[] = [
      ['GET', '/projects'],
      ['POST', '/projects/auth/environments/main/tasks/none/run'],
      ['POST', '/projects/auth/variables'],
      ['GET', '/users/me'],
    ]
    for (const [method, path] of calls)
      expect((await fetch(api + path, { method, ...(method === 'POST' && { body: '{}' }) })).status, path).toBe(401)
  })

  test('a task without authorizations, and who is no task, get none', async () => {
    expect((await probe('none')).token).toMatch(/^403/)
    const body = new URLSearchParams({ grant_type: 'client_credentials' })
    const outside = await fetch('http://127.0.0.1:8200/oauth2/token', { method: 'POST', body })
    expect(outside.status).toBe(403)
  })
})
