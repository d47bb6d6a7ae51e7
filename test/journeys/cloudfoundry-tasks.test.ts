/** What `cf push`, `cf run-task --wait`, `cf tasks`, `cf terminate-task` and `cf logs` meet on a real server. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CfClient } from '../support/cf-client.ts'
import { type CfWorld, dropletOf, openCfWorld, zipOf } from '../support/cf-world.ts'

let world: CfWorld
let cf: CfClient
let app: string

beforeAll(async () => {
  world = await openCfWorld()
  cf = world.admin
  app = await cf.pushDroplet(
    'demo',
    dropletOf({ 'hello.sh': 'echo hello $1 from $PWD\n', '.profile.d/a.sh': 'export PROFILED=yes\n' }),
  )
}, 60_000)
afterAll(() => world?.close())

/** The keys in the order of Cloud Controller's task_presenter.rb (reference 1.2). */
const TASK_KEYS = [
  ...['guid', 'created_at', 'updated_at', 'sequence_id', 'name', 'command', 'user', 'state', 'memory_in_mb'],
  ...[
    'disk_in_mb',
    'log_rate_limit_in_bytes_per_second',
    'result',
    'droplet_guid',
    'relationships',
    'metadata',
    'links',
  ],
]

test('a new server has one org and one space; an app starts without a droplet and says so', async () => {
  const orgs = await cf.must('GET', '/v3/organizations')
  expect(orgs.pagination.total_results).toBe(1)
  const bare = await cf.createApp('bare')
  const refused = await cf.send('POST', `/v3/apps/${bare}/tasks`, { command: 'true' })
  expect(refused.status).toBe(422)
  expect(refused.body).toEqual({
    errors: [
      {
        detail: 'Task must have a droplet. Specify droplet or assign current droplet to app.',
        title: 'CF-UnprocessableEntity',
        code: 10008,
      },
    ],
  })
})

test('a task runs its command in a private copy of its droplet, and its object is the reference’s key by key', async () => {
  const command = 'sh hello.sh x; echo $PROFILED $HOME $MEMORY_LIMIT >&2; echo changed > hello.sh; exit 3'
  const { status, body } = await cf.send('POST', `/v3/apps/${app}/tasks`, {
    command,
    name: 'migrate',
    memory_in_mb: 64,
  })
  expect(status).toBe(202)
  expect(Object.keys(body)).toEqual(TASK_KEYS)
  const droplet = (await cf.must('GET', `/v3/apps/${app}/droplets/current`)).guid
  const { guid, created_at, updated_at, sequence_id, state, links, ...rest } = body
  expect(created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  expect(updated_at).toMatch(/Z$/)
  expect(['PENDING', 'RUNNING', 'FAILED']).toContain(state)
  expect(sequence_id).toBe(1)
  expect(links).toEqual({
    self: { href: `${world.url}/v3/tasks/${guid}` },
    app: { href: `${world.url}/v3/apps/${app}` },
    cancel: { href: `${world.url}/v3/tasks/${guid}/actions/cancel`, method: 'POST' },
    droplet: { href: `${world.url}/v3/droplets/${droplet}` },
  })
  expect(rest).toMatchObject({
    name: 'migrate',
    command,
    user: 'vcap',
    memory_in_mb: 64,
    disk_in_mb: 1024,
    log_rate_limit_in_bytes_per_second: 1_048_576,
    droplet_guid: droplet,
    relationships: { app: { data: { guid: app } } },
    metadata: { labels: {}, annotations: {} },
  })
  const ended = await cf.ended(guid)
  expect(ended.result).toEqual({ failure_reason: 'APP/TASK/migrate: Exited with status 3' })
  const lines = [...(await cf.recentLogs(guid))].sort()
  expect(lines).toEqual([
    '[APP/TASK/migrate/0] ERR yes /home/vcap/app 64m',
    '[APP/TASK/migrate/0] OUT Exit status 3',
    '[APP/TASK/migrate/0] OUT hello x from /home/vcap/app',
  ])
  const again = await cf.run(app, { command: 'sh hello.sh y', name: 'again' })
  expect(again.state).toBe('SUCCEEDED')
  expect(again.sequence_id).toBe(2)
  expect(await cf.recentLogs(again.guid)).toContain('[APP/TASK/again/0] OUT hello y from /home/vcap/app')
}, 30_000)

test('cancelling: CANCELING at once, SIGTERM reaches the program, FAILED in the end, and never twice', async () => {
  const command = 'trap "echo told; exit 0" TERM; echo up; while :; do sleep 0.05; done'
  const task = await cf.must('POST', `/v3/apps/${app}/tasks`, { command })
  await cf.until(`/api/v1/read/${task.guid}`, (reply) => reply.envelopes.batch.length > 0)
  const first = await cf.send('PUT', `/v3/tasks/${task.guid}/cancel`)
  expect([first.status, first.body.state]).toEqual([202, 'CANCELING'])
  const ended = await cf.ended(task.guid)
  expect(await cf.recentLogs(task.guid)).toContain(`[APP/TASK/${task.name}/0] OUT told`)
  const late = await cf.send('POST', `/v3/tasks/${task.guid}/actions/cancel`)
  expect(late.status).toBe(422)
  expect(late.body.errors[0].detail).toBe(`Task state is ${ended.state} and therefore cannot be canceled`)
  const killed = await cf.must('POST', `/v3/apps/${app}/tasks`, { command: 'sleep 60' })
  await cf.send('POST', `/v3/tasks/${killed.guid}/actions/cancel`)
  expect((await cf.ended(killed.guid)).result.failure_reason).toBe('task was cancelled')
}, 30_000)

test('too much memory is told apart', async () => {
  const eats = 'python3 -c "x = bytearray(300 * 1024 * 1024)"'
  const task = await cf.run(app, { command: eats, memory_in_mb: 32, name: 'big' })
  expect(task.result.failure_reason).toBe('APP/TASK/big: Exited with status 137 (out of memory)')
}, 30_000)

test('the fields of the 2016 object: environment variables are validated, applied and shown where they were set', async () => {
  const task = await cf.run(app, {
    command: 'echo got $GREETING',
    name: 'env',
    environment_variables: { GREETING: 'hi' },
  })
  expect(task.environment_variables).toEqual({ GREETING: 'hi' })
  expect(await cf.recentLogs(task.guid)).toContain('[APP/TASK/env/0] OUT got hi')
  for (const [environment_variables, detail] of [
    [[], 'Environment variables must be a hash'],
    [{ VCAP_X: '1' }, 'environment_variables cannot start with VCAP_'],
    [{ vmcx: '1' }, 'environment_variables cannot start with VMC_'],
    [{ port: '1' }, 'environment_variables cannot set PORT'],
    [{ A: 'x'.repeat(4_096) }, 'environment_variables exceeded the maximum length allowed of 4096 characters as json'],
  ] as const) {
    const { status, body } = await cf.send('POST', `/v3/apps/${app}/tasks`, { command: 'true', environment_variables })
    expect([status, body.errors[0].detail]).toEqual([422, detail])
  }
})

test('bits are staged by unpacking, a template gives the command, services and variables reach the task', async () => {
  const staged = await cf.pushBits(
    'pushed',
    zipOf({ 'run.sh': 'echo $WHO; echo "$VCAP_SERVICES"\n' }),
    '  command: sh run.sh\n',
  )
  await cf.must('PATCH', `/v3/apps/${staged}/environment_variables`, { var: { WHO: 'me' } })
  const space = { data: { guid: cf.space } }
  const service = await cf.must('POST', '/v3/service_instances', {
    type: 'user-provided',
    name: 'db',
    credentials: { uri: 'postgres://u@h/d' },
    relationships: { space },
  })
  await cf.must('POST', '/v3/service_credential_bindings', {
    type: 'app',
    relationships: { app: { data: { guid: staged } }, service_instance: { data: { guid: service.guid } } },
  })
  const web = await cf.must('GET', `/v3/apps/${staged}/processes/web`)
  const task = await cf.run(staged, { template: { process: { guid: web.guid } }, name: 'from-template' })
  expect([task.state, task.command]).toEqual(['SUCCEEDED', 'sh run.sh'])
  const [who, services] = await cf.recentLogs(task.guid)
  expect(who).toBe('[APP/TASK/from-template/0] OUT me')
  expect(JSON.parse(services!.replace(/^\S+ OUT /, ''))['user-provided'][0]).toMatchObject({
    name: 'db',
    credentials: { uri: 'postgres://u@h/d' },
  })
  const env = await cf.must('GET', `/v3/apps/${staged}/env`)
  expect(Object.keys(env).sort()).toEqual([
    ...['application_env_json', 'environment_variables', 'running_env_json', 'staging_env_json', 'system_env_json'],
  ])
}, 60_000)

test('lists: filters, label selectors, order, pages whose links repeat the filters; usage events once', async () => {
  const metadata = { labels: { kind: 'batch' }, annotations: {} }
  const made = await cf.run(app, { command: 'true', name: 'Labelled one', metadata })
  const names = async (query: string): Promise<string[]> =>
    (await cf.must('GET', `/v3/tasks?${query}`)).resources.map((task: { name: string }) => task.name)
  expect(await names('label_selector=kind%20in%20(batch,other)')).toEqual(['Labelled one'])
  expect(await names('names=labelled+one')).toEqual(['Labelled one'])
  expect(await names(`guids=${made.guid},unknown`)).toEqual(['Labelled one'])
  expect(await names('states=NONSENSE')).toEqual([])
  expect(await names(`label_selector=kind&app_guids=${app}&created_ats[gt]=2001-01-01T00:00:00Z`)).toEqual([
    'Labelled one',
  ])
  const at = made.created_at
  for (const span of [`created_ats=2001-01-01T00:00:00Z,${at}`, `created_ats[gte]=${at}&created_ats[lte]=${at}`])
    expect(await names(`app_guids=${app}&${span}`), span).toContain('Labelled one')
  for (const span of [`created_ats[gt]=${at}`, `created_ats[lt]=${at}`, 'created_ats=2001-01-01T00:00:00Z'])
    expect(await names(`label_selector=kind%3Dbatch&${span}`), span).toEqual([])
  await cf.must('PATCH', `/v3/tasks/${made.guid}`, { metadata: { labels: { kind: 'moved' } } })
  expect(await names('label_selector=kind%3Dbatch')).toEqual([])
  expect(await names('label_selector=kind%3Dmoved')).toEqual(['Labelled one'])
  const listed = await cf.must('GET', `/v3/tasks?names=${encodeURIComponent('Labelled one')}&per_page=1`)
  expect(listed.resources[0]).not.toHaveProperty('command')
  expect(listed.pagination.first.href).toBe(`${world.url}/v3/tasks?names=Labelled+one&page=1&per_page=1`)
  const second = await cf.must('GET', `/v3/apps/${app}/tasks?per_page=2&page=2`)
  expect(second.resources.map((task: { sequence_id: number }) => task.sequence_id)).toEqual([3, 4])
  expect(second.resources[0].command).toBeTypeOf('string')
  const one = await cf.must('GET', `/v3/apps/${app}/tasks?sequence_ids=2`)
  expect(one.resources.map((task: { name: string }) => task.name)).toEqual(['again'])
  const { resources: events } = await cf.must('GET', '/v3/app_usage_events?per_page=5000')
  const mine = events.filter((event: { task: { guid: string } }) => event.task.guid === made.guid)
  expect(mine.map((event: { state: object }) => event.state)).toEqual([
    { current: 'TASK_STARTED', previous: 'PENDING' },
    { current: 'TASK_STOPPED', previous: 'RUNNING' },
  ])
  const patched = await cf.must('PATCH', `/v3/tasks/${made.guid}`, {
    metadata: { labels: { kind: null }, annotations: { a: 'b' } },
  })
  expect(patched.metadata).toEqual({ labels: {}, annotations: { a: 'b' } })
})

test('beyond: retries and a time limit by annotations, the exit code as one', async () => {
  const annotations = { 'taskport/retries': '1', 'taskport/timeout': '30' }
  const task = await cf.run(app, { command: 'echo try; exit 4', name: 'again', metadata: { annotations } })
  expect(task.metadata.annotations).toEqual({ ...annotations, 'taskport/exit-code': '4' })
  const limited = await cf.run(app, { command: 'sleep 60', metadata: { annotations: { 'taskport/timeout': '1' } } })
  expect(limited.result.failure_reason).toBe('exceeded 1s timeout')
}, 60_000)

test('deleting an app cancels what runs and takes its tasks along', async () => {
  const doomed = await cf.pushDroplet('doomed', dropletOf({ 'a.sh': 'true\n' }))
  const task = await cf.must('POST', `/v3/apps/${doomed}/tasks`, { command: 'sleep 60' })
  await cf.job(await cf.send('DELETE', `/v3/apps/${doomed}`))
  expect((await cf.send('GET', `/v3/tasks/${task.guid}`)).status).toBe(404)
  expect((await cf.send('GET', `/v3/apps/${doomed}`)).body.errors[0].detail).toBe('App not found')
}, 60_000)
