/** Runs as activities, deployments, tokens: what the vendor's command line does not reach by itself. */
import { execFileSync } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../support/taskport-process.ts'
import { type Activity, UpsunWorld } from '../support/upsun-world.ts'

const CONFIG = `
tasks:
  sleeper: { type: "python:3.11", run: { command: "echo asleep; sleep 120" } }
  stamped: { type: "python:3.11", hooks: { build: "date +%s%N > stamp" }, run: { command: "cat stamp" } }
  wide: { type: "python:3.11", run: { command: "seq -f %02000g 1 3000; sleep 120" } }
  slow: { type: "python:3.11", run: { command: "echo begun; sleep 3; echo survived" } }
  hushed:
    type: "python:3.11"
    hooks: { build: 'printf "built with "; printf "%s" "$HUSH" | wc -c' }
    run:
      command: |
        printf '%s' "$HUSH" | wc -c
        echo "$PLATFORM_VARIABLES" | base64 -d | python3 -c 'import json, sys; print(len(json.load(sys.stdin)["app:hush"]))'
  quick: { type: "python:3.11", run: { command: "echo out; echo err >&2; echo last" } }
`
const RUN = '/projects/runs/environments/main/tasks'

const DEEP = `{"variables":{"env":{"A":${'['.repeat(20_000)}${']'.repeat(20_000)}}}}`

describe('runs', () => {
  const world = new UpsunWorld()
  const open = (): Promise<void> => world.open(['--allow-address', '127.0.0.1'])
  beforeAll(async () => {
    await open()
    const deployed = await world.deploy('runs', { '.upsun/config.yaml': CONFIG })
    expect(deployed.code, deployed.stderr).toBe(0)
  }, 60_000)
  afterAll(() => world.close())

  const cancelAll = async (activities: readonly Activity[]): Promise<void> => {
    for (const { id } of activities) await world.api(`/projects/runs/activities/${id}/cancel`, { method: 'POST' })
    for (const { id } of activities)
      await eventually('it ended', async () => (await world.activity('runs', id)).completion_percent === 100)
  }

  test('three run at once, the fourth and fifth are pending and know their place', async () => {
    const runs: Activity[] = []
    for (let i = 0; i < 5; i++) runs.push(await world.start('runs', 'sleeper'))
    const listed = await eventually('three run', async () => {
      const path = '/projects/runs/environments/main/activities?type=environment.task&state=in_progress'
      const running = await world.json<Activity[]>(path)
      return running.length === 3 ? running : undefined
    })
    expect(listed.map(({ id }) => id).sort()).toEqual(
      runs
        .slice(0, 3)
        .map(({ id }) => id)
        .sort(),
    )
    const placesOf = async (ids: readonly string[]): Promise<unknown> => {
      const waiting = await Promise.all(ids.map((id) => world.activity('runs', id)))
      const places = waiting.map(({ state, payload }) => [state, payload.taskport.queue_position])
      return places.every(([, position]) => position !== undefined) && places
    }
    const last = runs.slice(3).map(({ id }) => id)
    expect(await eventually('they know their place', () => placesOf(last))).toEqual([
      ['pending', 1],
      ['pending', 2],
    ])
    await cancelAll(runs.slice(0, 1))
    expect(await eventually('the next has moved up', () => placesOf(last.slice(1)))).toEqual([['pending', 1]])
    await cancelAll(runs)
  }, 30_000)

  test('how many run at once is the deployment’s to say', async () => {
    const deployed = await world.deploy('single', { '.upsun/config.yaml': CONFIG }, ['--parallel', '1'])
    expect(deployed.code, deployed.stderr).toBe(0)
    const [first, second] = [await world.start('single', 'sleeper'), await world.start('single', 'sleeper')]
    await eventually('the first runs', async () => (await world.activity('single', first.id)).state === 'in_progress')
    expect((await world.activity('single', second.id)).state).toBe('pending')
    await world.api(`/projects/single/activities/${first.id}/cancel`, { method: 'POST' })
    await eventually('the second runs', async () => (await world.activity('single', second.id)).state === 'in_progress')
    await world.api(`/projects/single/activities/${second.id}/cancel`, { method: 'POST' })
  }, 30_000)

  test('a webhook is posted the activity, once for each of its states', async () => {
    const told: Activity[] = []
    const listener = createServer(async (request, response) => {
      let body = ''
      for await (const piece of request) body += String(piece)
      told.push(JSON.parse(body) as Activity)
      response.end()
    })
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/`
    const { TASKPORT_URL, TASKPORT_TOKEN } = world.variables
    const hooked = await fetch(`${TASKPORT_URL}/taskport/v1/webhooks`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TASKPORT_TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify({ url, format: 'upsun' }),
    })
    expect(hooked.status, await hooked.clone().text()).toBe(201)
    const { id } = await world.start('runs', 'quick')
    await eventually('the end was told', () => told.some((a) => a.id === id && a.state === 'complete'))
    const states = told.filter((activity) => activity.id === id).map(({ state }) => state)
    expect([...new Set(states)]).toEqual(states)
    expect(told.findLast((a) => a.id === id)).toMatchObject({ type: 'environment.task', result: 'success' })
    const built = { '.upsun/config.yaml': CONFIG.replace('date +%s%N > stamp', 'sleep 1; date +%s%N > stamp') }
    expect((await world.deploy('runs', built, ['--environment', 'hooked'])).code).toBe(0)
    const deployed = await eventually('its end was told', () =>
      told.find(({ type, state }) => type === 'environment.push' && state === 'complete'),
    )
    expect(told.filter((a) => a.id === deployed.id).map(({ state }) => state)).toEqual(['in_progress', 'complete'])
    listener.close()
  }, 30_000)

  test('the log is numbered, stderr is marked, a snapshot has no seal until the end, and it can be entered anywhere', async () => {
    const { id } = await world.start('runs', 'quick')
    const all = await (await world.api(`/projects/runs/activities/${id}/log`)).text()
    const items = all
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(items.map((item) => item._id)).toEqual(items.map((_, i) => i))
    expect(items.at(-1)).toEqual({ _id: items.length - 1, seal: true })
    const messages = items.slice(0, -1).map((item) => item.data.message)
    expect(messages[0]).toBe(`Starting task container quick--task--${id.slice(0, 8)}\n`)
    expect([...messages.slice(1)].sort()).toEqual(['W: err\n', 'last\n', 'out\n'])
    const later = await (
      await world.api(`${RUN.replace('/tasks', '')}/activities/${id}/log?start_at=2&max_items=1`)
    ).text()
    expect(JSON.parse(later)).toEqual(items[2])
    expect((await world.api(`/projects/runs/activities/${id}/log?count=3`)).status).toBe(400)
    const running = await world.start('runs', 'sleeper')
    await eventually('a snapshot has the line', async () => {
      const text = await (await world.api(`/projects/runs/activities/${running.id}/log?max_delay=0`)).text()
      expect(text).not.toContain('seal')
      return text.includes('asleep')
    })
    // A page of the log store ends at a megabyte.
    const wide = await world.start('runs', 'wide')
    await eventually('a snapshot has all lines, however wide', async () => {
      const text = await (await world.api(`/projects/runs/activities/${wide.id}/log?max_delay=0`)).text()
      return text.trimEnd().split('\n').length === 3_001
    })
    await cancelAll([running, wide])
  }, 30_000)

  test('the same idempotency key is the same run; another body with it is a conflict', async () => {
    const headers = { 'idempotency-key': 'once' }
    const first = await world.start('runs', 'quick', {}, headers)
    expect((await world.start('runs', 'quick', {}, headers)).id).toBe(first.id)
    const body = JSON.stringify({ variables: { env: { OTHER: 'x' } } })
    expect((await world.api(`${RUN}/quick/run`, { method: 'POST', body, headers })).status).toBe(409)
  })

  test('an activity is found by both forms of its path, and not in another environment', async () => {
    const { id } = await world.start('runs', 'quick')
    await world.deploy('runs', { '.upsun/config.yaml': CONFIG }, ['--environment', 'dev'])
    expect((await world.api(`/projects/runs/environments/main/activities/${id}`)).status).toBe(200)
    expect((await world.api(`/projects/runs/environments/dev/activities/${id}`)).status).toBe(404)
    expect((await world.api(`/projects/other/activities/${id}`)).status).toBe(404)
  }, 20_000)

  test('a deployment cancels the runs of its environment and reuses what is built; a failed one leaves all as it is', async () => {
    const broken = await world.deploy('runs', {
      '.upsun/config.yaml':
        'tasks: { bad: { type: "python:3.11", hooks: { build: "exit 5" }, run: { command: "true" } } }',
    })
    expect(broken.code).toBe(1)
    expect(broken.stderr).toContain('The build hook failed with exit code 5')
    const [failed] = await world.json<Activity[]>('/projects/runs/activities?type=environment.push&count=1')
    expect(failed).toMatchObject({ result: 'failure', failure_reason: 'shell' })
    expect(failed!.payload.taskport.reason_text).toBe('The build of the task bad failed')
    expect(await world.log('runs', failed!.id)).toMatch(/W: The build of the task bad failed\n$/)
    const stamp = /^\d{19}$/m.exec((await world.run('runs', 'stamped')).log)![0]
    const run = await world.start('runs', 'sleeper')
    await eventually('it runs', async () => (await world.activity('runs', run.id)).state === 'in_progress')
    const again = await world.deploy('runs', { '.upsun/config.yaml': CONFIG })
    expect(again.code, again.stderr).toBe(0)
    const ended = await eventually('it was cancelled', async () => {
      const activity = await world.activity('runs', run.id)
      return activity.state === 'cancelled' ? activity : undefined
    })
    expect(ended.result).toBe('failure')
    expect(await world.log('runs', run.id)).toContain('the environment was deployed')
    expect((await world.run('runs', 'stamped')).log).toContain(stamp)
  }, 30_000)

  test('a run goes on when the server is killed, and the next server tells its end and its whole log', async () => {
    const run = await world.start('runs', 'slow')
    await eventually('it runs', async () => (await world.activity('runs', run.id)).state === 'in_progress')
    await world.server.kill()
    await open()
    expect(await world.log('runs', run.id)).toContain('begun\nsurvived\n')
    expect(await world.activity('runs', run.id)).toMatchObject({ state: 'complete', result: 'success' })
  })

  test('a sensitive value reaches build and task and lies nowhere in the clear: no log of the server, no build, no event, no file, no reply', async () => {
    const value = 'hush-5d41402abc4b2a76'
    for (const name of ['env:HUSH', 'app:hush']) {
      const body = JSON.stringify({ name, value, is_sensitive: true })
      const reply = await world.api('/projects/runs/environments/main/variables', { method: 'POST', body })
      expect(await reply.text()).not.toContain(value)
    }
    const { log, activity } = await world.run('runs', 'hushed')
    expect(log).toContain(`${value.length}\n${value.length}\n`)
    const listed = await world.api('/projects/runs/environments/main/variables')
    const shown = await world.server.run(['show', String(activity.payload.taskport.execution), '--format', 'json'])
    const redeployed = await world.api('/projects/runs/environments/main/redeploy', { method: 'POST' })
    const { _embedded } = (await redeployed.json()) as { _embedded: { activities: Activity[] } }
    const built = await world.log('runs', _embedded.activities[0]!.id)
    expect(built).toContain(`built with ${value.length}`)
    const events = await world.server.run(['events', '--limit', '10000', '--format', 'json'])
    expect(events.stdout).toContain(String(activity.payload.taskport.execution))
    const said = world.server.server.stdout() + world.server.server.stderr()
    const replies = (await listed.text()) + JSON.stringify(activity) + shown.stdout + events.stdout
    expect(replies + built + said).not.toContain(value)
    const encoded = Buffer.from(JSON.stringify({ 'app:hush': value })).toString('base64')
    for (const text of [value, encoded])
      expect(
        execFileSync('sh', ['-c', 'grep -rl -- "$0" "$1" || true', text, world.server.dataDirectory]).toString(),
      ).toBe('')
  })

  test('a build may take an hour', async () => {
    const { stdout } = await world.server.run(['task', 'ls', '--format', 'json'])
    const build = (JSON.parse(stdout) as { items: { name: string }[] }).items.find(({ name }) =>
      name.startsWith('upsun-build-'),
    )
    const shown = await world.server.run(['task', 'show', build!.name, '--format', 'json'])
    expect(shown.stdout).toMatch(/"timeoutMs":\s*3600000|"timeout":\s*"(1h|3600s)"/)
  })

  test('tokens: three shapes of the exchange; a wrong API token, a made-up and a missing one are refused', async () => {
    const token = world.variables.UPSUN_CLI_TOKEN!
    const url = `${world.variables.UPSUN_CLI_AUTH_URL}/oauth2/token`
    const form = (more: Record<string, string>): string =>
      new URLSearchParams({ grant_type: 'api_token', ...more }).toString()
    const type = 'application/x-www-form-urlencoded'
    const basic = `Basic ${Buffer.from('platform-api-user:').toString('base64')}`
    const shapes: readonly RequestInit[] = [
      { headers: { authorization: basic, 'content-type': type }, body: form({ api_token: token }) },
      {
        headers: { 'content-type': type },
        body: form({ client_id: 'upsun-cli', client_secret: '', api_token: token }),
      },
      {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ grant_type: 'api_token', api_token: token }),
      },
    ]
    for (const shape of shapes) {
      const reply = await fetch(url, { method: 'POST', ...shape })
      expect(reply.status).toBe(200)
      const granted = (await reply.json()) as { access_token: string; refresh_token: string }
      expect(granted).toMatchObject({ expires_in: 900, token_type: 'bearer' })
      const me = await world.api('/users/me', { headers: { authorization: `Bearer ${granted.access_token}` } })
      expect([me.status, me.headers.get('content-type')]).toEqual([200, 'application/json'])
      const refresh = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: granted.refresh_token })
      expect((await fetch(url, { method: 'POST', body: refresh })).status).toBe(200)
    }
    const wrong = await fetch(url, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'api_token', api_token: 'x' }),
    })
    expect([wrong.status, await wrong.json()]).toMatchObject([400, { error: 'invalid_grant' }])
    const made = await world.api('/users/me', { headers: { authorization: 'Bearer made.up' } })
    expect(made.status).toBe(401)
  })

  test('a mistake in a configuration is named with line and column, all at once', async () => {
    const config =
      'tasks:\n  a:\n    type: python\n    run: { timeout: 0 }\n    web: {}\n    mounts: { x: { source: nowhere } }\n'
    const { code, stderr } = await world.deploy('wrong', { '.upsun/config.yaml': config })
    expect(code).toBe(1)
    for (const text of [
      ':3:5: tasks.a.type: a type is written runtime:version',
      ':4:5: tasks.a.run: run.command is required',
      ':4:12: tasks.a.run.timeout: a whole number from 1 to 86400 is needed',
      ':5:5: tasks.a.web: Unknown key: web',
      ':6:20: tasks.a.mounts.x.source: one of instance',
    ])
      expect(stderr).toContain(text)
    const yaml = await world.deploy('wrong', { '.upsun/config.yaml': 'tasks: {\n  a: [\n' })
    expect(yaml.stderr).toMatch(/config\.yaml:\d+:\d+: /)
    expect((await world.api('/projects/wrong')).status).toBe(404)
  }, 20_000)

  test('what is malformed is a refusal with a message, never a failure of the server', async () => {
    const bodies = [
      '{',
      '[]',
      '"x"',
      '{"variables":1}',
      '{"variables":{"env":1}}',
      '{"prompt":"x"}',
      '{"variables":{"env":{"1A":"x"}}}',
      '\0',
    ]
    for (const body of bodies) {
      const reply = await world.api(`${RUN}/quick/run`, { method: 'POST', body })
      expect([body, reply.status]).toEqual([body, 400])
      expect(((await reply.json()) as { message: string }).message).not.toBe('')
    }
    const odd: readonly [string, RequestInit, number][] = [
      [
        '/projects/runs/environments/main/deploy',
        { method: 'POST', body: 'no tar', headers: { 'content-type': 'application/x-tar' } },
        400,
      ],
      ['/projects/runs/environments/main/deploy', { method: 'POST', body: '{}' }, 400],
      ['/projects/%ff', {}, 400],
      ['/projects/runs/nothing', {}, 404],
      ['/projects/runs/activities?starts_at=soon', {}, 400],
      ['/projects/runs/activities?count=-1', {}, 400],
      ['/projects/runs/variables', { method: 'POST', body: '{"name":"a b","value":"x"}' }, 400],
      ['/projects/runs/variables', { method: 'POST', body: '{"name":"env:A","value":{}}' }, 400],
      ['/projects/runs/variables', { method: 'POST', body: '{"name":"env:A","value":"x","attributes":[1]}' }, 400],
      ['/projects/runs/variables', { method: 'POST', body: '{"name":"env:A","value":"x","attributes":{"a":1}}' }, 400],
      [
        '/projects/runs/environments/main/deployments/next',
        { method: 'PATCH', body: '{"tasks":{"quick":{"resources":{"profile_size":"99"}}}}' },
        400,
      ],
      ['/projects/runs/environments/main/deployments/next', { method: 'PATCH', body: '{"tasks":["quick"]}' }, 400],
      ['/projects/runs/environments/main/tasks/quick/run', { method: 'POST', body: DEEP }, 400],
      [
        '/projects/runs/environments/main/tasks/quick/run',
        { method: 'POST', body: Buffer.from('{"a":"\xff"}', 'latin1') },
        400,
      ],
    ]
    for (const [path, init, status] of odd) expect([path, (await world.api(path, init)).status]).toEqual([path, status])
    const { stdout, stderr } = world.server.server
    expect(stdout() + stderr()).not.toContain('an Upsun call failed')
  })
})
