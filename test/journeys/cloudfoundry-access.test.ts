/** Tokens, and who may do what: UAA's grants, and roles as a matrix (reference 1.8). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CfClient } from '../support/cf-client.ts'
import { type CfWorld, dropletOf, openCfWorld } from '../support/cf-world.ts'

let world: CfWorld
let app: string
let task: string

beforeAll(async () => {
  world = await openCfWorld()
  app = await world.admin.pushDroplet('demo', dropletOf({ 'a.sh': 'true\n' }))
  task = (await world.admin.run(app, { command: 'true', name: 'done' })).guid
}, 60_000)
afterAll(() => world?.close())

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString('utf8'))

test('access tokens are JSON web tokens with what the CLI reads, and a refresh token gives another', async () => {
  const { username, password, admin } = world
  const { body } = await admin.grant({ grant_type: 'password', username, password })
  const claims = claimsOf(body.access_token)
  expect(claims).toMatchObject({ user_name: username, origin: 'uaa', client_id: 'cf' })
  expect(claims.user_id).toBeTypeOf('string')
  expect(claims.exp).toBeGreaterThan(Date.now() / 1_000 + 60)
  const refreshed = await admin.grant({ grant_type: 'refresh_token', refresh_token: body.refresh_token })
  expect(refreshed.status).toBe(200)
  const client = new CfClient(world.url)
  client.token = refreshed.body.access_token
  expect((await client.send('GET', '/v3/apps')).status).toBe(200)
  client.token = body.refresh_token
  expect((await client.send('GET', '/v3/apps')).body.errors[0].code).toBe(1000)
})

test('a role in a space holds the one in its organisation', async () => {
  const { admin } = world
  await world.user('held', ['space_auditor'])
  const { resources } = await admin.must('GET', '/v3/roles?include=user&per_page=5000')
  const { guid } = (await admin.must('GET', '/v3/users?usernames=held')).resources[0]
  const role = (type: string) =>
    resources.find(
      (r: { type: string; relationships: { user: { data: { guid: string } } } }) =>
        r.type === type && r.relationships.user.data.guid === guid,
    ).guid
  const refused = await admin.send('DELETE', `/v3/roles/${role('organization_user')}`)
  expect([refused.status, refused.body.errors[0].detail]).toEqual([
    422,
    'Cannot delete organization_user role while user has roles in spaces in that organization.',
  ])
  await admin.job(await admin.send('DELETE', `/v3/roles/${role('space_auditor')}`))
  await admin.job(await admin.send('DELETE', `/v3/roles/${role('organization_user')}`))
})

test('UAA finds the first user, too', async () => {
  const filter = encodeURIComponent(`userName eq "${world.username}"`)
  const { resources } = await world.admin.must('GET', `/Users?filter=${filter}`)
  expect(resources.map((user: { userName: string }) => user.userName)).toEqual([world.username])
})

test('client credentials come in the form or as Basic, and last for a day', async () => {
  const { username, password, admin } = world
  const form = { grant_type: 'client_credentials', client_id: username, client_secret: password }
  const { status, body } = await admin.grant(form, false)
  expect(status).toBe(200)
  const claims = claimsOf(body.access_token)
  expect(claims.user_id).toBeUndefined()
  expect(claims.client_id).toBe(username)
  expect(claims.exp - claims.iat).toBeGreaterThanOrEqual(12 * 3_600)
})

test('what does not hold is refused as UAA and Cloud Controller refuse it', async () => {
  const { admin, username } = world
  const wrong = await admin.grant({ grant_type: 'password', username, password: 'wrong' })
  expect([wrong.status, wrong.body]).toEqual([401, { error: 'unauthorized', error_description: 'Bad credentials' }])
  const right = { grant_type: 'password', username, password: world.password }
  const client = await admin.grant({ ...right, client_id: 'other', client_secret: 'x' }, false)
  expect([client.status, client.body.error]).toEqual([401, 'invalid_client'])
  expect((await admin.grant(right, false)).status).toBe(200)
  const nobody = new CfClient(world.url)
  const missing = await nobody.send('GET', '/v3/tasks')
  expect([missing.status, missing.body.errors[0]]).toEqual([
    401,
    { detail: 'Authentication error', title: 'CF-NotAuthenticated', code: 10002 },
  ])
  const [head, claims, signature] = admin.token.split('.')
  const forged = Buffer.from(JSON.stringify({ ...claimsOf(admin.token), user_id: 'other' })).toString('base64url')
  for (const token of ['nonsense', `${head}.${forged}.${signature}`, `${head}.${claims}.`]) {
    nobody.token = token
    const { status, body } = await nobody.send('GET', '/v3/tasks')
    expect([status, body.errors[0]]).toEqual([
      401,
      { detail: 'Invalid Auth Token', title: 'CF-InvalidAuthToken', code: 1000 },
    ])
  }
})

const MATRIX = [
  // roles, get one, knows the command, create, cancel of what is over
  [['space_developer'], 200, true, 202, 422],
  [['space_supporter'], 200, false, 403, 422],
  [['space_auditor'], 200, false, 403, 403],
  [['space_manager'], 200, false, 403, 403],
  [['organization_manager'], 200, false, 403, 403],
  [['organization_user'], 404, false, 404, 404],
  [['organization_auditor'], 404, false, 404, 404],
] as const

describe('roles', () => {
  test.each(MATRIX)('%s', async (roles, get, knows, create, cancel) => {
    const user = await world.user(`user-${roles[0]}`, roles)
    const one = await user.send('GET', `/v3/tasks/${task}`)
    expect(one.status).toBe(get)
    if (get === 200) expect('command' in one.body).toBe(knows)
    const all = await user.must('GET', '/v3/tasks')
    expect(all.resources.some((t: { guid: string }) => t.guid === task)).toBe(get === 200)
    expect(all.resources.some((t: object) => 'command' in t)).toBe(false)
    const nested = await user.send('GET', `/v3/apps/${app}/tasks`)
    expect(nested.status).toBe(get)
    if (get === 200) expect('command' in nested.body.resources[0]).toBe(knows)
    for (const path of [`/v3/apps/${app}/droplets/current`, `/v3/apps/${app}/droplets`, '/v3/droplets']) {
      const { body } = await user.send('GET', path)
      const droplets = get === 200 ? (body.resources ?? [body]) : []
      for (const { process_types } of droplets) expect('redacted_message' in process_types).toBe(!knows)
    }
    expect((await user.send('POST', `/v3/apps/${app}/tasks`, { command: 'true' })).status).toBe(create)
    expect((await user.send('PUT', `/v3/tasks/${task}/cancel`)).status).toBe(cancel)
    const patch = await user.send('PATCH', `/v3/tasks/${task}`, { metadata: { annotations: {} } })
    expect(patch.status).toBe(create === 202 ? 200 : create)
    expect((await user.send('GET', `/api/v1/read/${app}`)).status).toBe(get)
    expect((await user.send('POST', '/v3/organizations', { name: 'mine' })).status).toBe(403)
  })
})

/** Roles that UAA's groups give, by a token minted for them: seen everywhere, changed nowhere. */
test.each([
  ['admin_read_only', true],
  ['global_auditor', false],
] as const)('%s reads every task, and knows commands: %s', async (grant, knows) => {
  const asked = ['token', 'create', '--face', 'cloudfoundry', '--tenant', 'cf', '--grant', grant, '--principal', grant]
  const user = new CfClient(world.url)
  user.token = (await world.taskport.json<{ secret: string }>(asked)).secret
  const one = await user.must('GET', `/v3/tasks/${task}`)
  expect('command' in one).toBe(knows)
  const all = await user.must('GET', '/v3/tasks')
  expect(all.resources.some((t: object) => 'command' in t)).toBe(false)
  const nested = await user.must('GET', `/v3/apps/${app}/tasks`)
  expect('command' in nested.resources[0]).toBe(knows)
  expect((await user.send('GET', `/v3/apps/${app}/env`)).status).toBe(knows ? 200 : 403)
  for (const [method, path] of [
    ['POST', `/v3/apps/${app}/tasks`],
    ['PUT', `/v3/tasks/${task}/cancel`],
    ['PATCH', `/v3/tasks/${task}`],
  ] as const) {
    const { status, body } = await user.send(method, path, { command: 'true' })
    expect([status, body.errors[0]]).toEqual([403, NOT_AUTHORIZED])
  }
})

const NOT_AUTHORIZED = {
  detail: 'You are not authorized to perform the requested action',
  title: 'CF-NotAuthorized',
  code: 10003,
}

test('an org that is suspended takes nothing new but from admins; a space that is being deleted from nobody', async () => {
  const { admin } = world
  const developer = await world.user('suspended', ['space_developer'])
  await admin.must('PATCH', `/v3/organizations/${admin.org}`, { suspended: true })
  const refused = await developer.send('POST', `/v3/apps/${app}/tasks`, { command: 'true' })
  expect([refused.status, refused.body.errors[0]]).toEqual([
    403,
    { detail: 'The organization is suspended', title: 'CF-OrgSuspended', code: 10017 },
  ])
  expect((await admin.send('POST', `/v3/apps/${app}/tasks`, { command: 'true' })).status).toBe(202)
  await admin.must('PATCH', `/v3/organizations/${admin.org}`, { suspended: false })
  const relationships = { organization: { data: { guid: admin.org } } }
  const space = (await admin.must('POST', '/v3/spaces', { name: 'going', relationships })).guid
  const other = new CfClient(world.url)
  Object.assign(other, { token: admin.token, org: admin.org, space })
  const doomed = await other.pushDroplet('doomed', dropletOf({ 'a.sh': 'true\n' }))
  const stubborn = 'trap "" TERM; echo up; sleep 2'
  const { guid } = await admin.must('POST', `/v3/apps/${doomed}/tasks`, { command: stubborn })
  await admin.until(`/api/v1/read/${guid}`, (reply) => reply.envelopes.batch.length > 0)
  const deleting = admin.send('DELETE', `/v3/spaces/${space}`)
  await admin.until(`/v3/tasks/${guid}`, (t) => t.state === 'CANCELING')
  const late = await admin.send('POST', `/v3/apps/${doomed}/tasks`, { command: 'true' })
  expect([late.status, late.body.errors[0]]).toEqual([
    422,
    { detail: 'The space is being deleted', title: 'CF-ResourceBeingDeleted', code: 10020 },
  ])
  await admin.job(await deleting)
  expect((await admin.send('GET', `/v3/spaces/${space}`)).status).toBe(404)
}, 60_000)

test('a quota of the org limits tasks that are pending or running, even when they come at once', async () => {
  const { admin } = world
  const quota = await admin.must('POST', '/v3/organization_quotas', { name: 'small', apps: { per_app_tasks: 2 } })
  const path = `/v3/organization_quotas/${quota.guid}/relationships/organizations`
  await admin.must('POST', path, { data: [{ guid: admin.org }] })
  const replies = await Promise.all(
    [1, 2, 3, 4, 5].map(() => admin.send('POST', `/v3/apps/${app}/tasks`, { command: 'sleep 60' })),
  )
  const made = replies.filter(({ status }) => status === 202)
  expect(made.length).toBe(2)
  expect(replies.find(({ status }) => status !== 202)!.body.errors[0].detail).toBe('app_task_limit quota exceeded')
  for (const { body } of made) await admin.send('POST', `/v3/tasks/${body.guid}/actions/cancel`)
  for (const { body } of made) await admin.ended(body.guid)
  await admin.must('PATCH', `/v3/organization_quotas/${quota.guid}`, {
    apps: { total_memory_in_mb: 100, per_process_memory_in_mb: 50, per_app_tasks: null },
  })
  const large = await admin.send('POST', `/v3/apps/${app}/tasks`, { command: 'true', memory_in_mb: 101 })
  expect(large.body.errors[0].detail).toBe(
    'memory_in_mb exceeds organization memory quota, memory_in_mb exceeds organization instance memory quota',
  )
  await admin.send('DELETE', `/v3/organization_quotas/${quota.guid}`)
}, 30_000)

describe('one name, one place', () => {
  const to = (guid: string) => ({ data: { guid } })
  const manifest = 'applications:\n- name: pushed-at-once\n'
  const makings = (): readonly (readonly [string, string, unknown, string])[] => {
    const { org, space } = world.admin
    const there = { relationships: { space: to(space) } }
    const member = { user: { data: { username: 'twice' } }, organization: to(org) }
    return [
      ['POST', '/v3/apps', { name: 'once', ...there }, "App with the name 'once' already exists."],
      ['POST', '/v3/organizations', { name: 'once' }, "Organization 'once' already exists."],
      [
        'POST',
        '/v3/spaces',
        { name: 'once', relationships: { organization: to(org) } },
        "Name must be unique per organization: space 'once' exists in 'default'",
      ],
      ['POST', '/v3/organization_quotas', { name: 'once' }, "Organization quota 'once' already exists."],
      [
        'POST',
        '/v3/service_instances',
        { type: 'user-provided', name: 'once', ...there },
        'The service instance name is taken: once.',
      ],
      [
        'POST',
        '/v3/roles',
        { type: 'organization_auditor', relationships: member },
        "User 'twice' already has 'organization_auditor' role in organization 'default'.",
      ],
    ]
  }

  test('of many that come at once one is made', async () => {
    const { admin } = world
    await world.user('twice', [])
    for (const [method, path, body, taken] of makings()) {
      const replies = await Promise.all([1, 2, 3, 4].map(() => admin.send(method, path, body)))
      const details = replies.filter(({ status }) => status !== 201).map((reply) => reply.body.errors[0].detail)
      expect([path, ...details]).toEqual([path, taken, taken, taken])
    }
    const apply = `/v3/spaces/${admin.space}/actions/apply_manifest`
    await Promise.all(
      [1, 2, 3].map(() => admin.send('POST', apply, manifest, { 'content-type': 'application/x-yaml' })),
    )
    expect((await admin.must('GET', '/v3/apps?names=pushed-at-once')).resources.length).toBe(1)
  })

  test('renaming takes no name that is taken, and may keep its own', async () => {
    const { admin } = world
    const there = { relationships: { space: to(admin.space) } }
    for (const [path, body] of [
      ['/v3/apps', there],
      ['/v3/organizations', {}],
      ['/v3/spaces', { relationships: { organization: to(admin.org) } }],
      ['/v3/organization_quotas', {}],
      ['/v3/service_instances', { type: 'user-provided', ...there }],
    ] as const) {
      await admin.must('POST', path, { name: 'taken', ...body })
      const { guid } = await admin.must('POST', path, { name: 'free', ...body })
      const refused = await admin.send('PATCH', `${path}/${guid}`, { name: 'taken' })
      expect([path, refused.status]).toEqual([path, 422])
      expect((await admin.must('PATCH', `${path}/${guid}`, { name: 'free' })).name).toBe('free')
    }
  })
})

test('the task_creation flag holds for all but admins', async () => {
  const { admin } = world
  await admin.must('PATCH', '/v3/feature_flags/task_creation', { enabled: false })
  const developer = await world.user('flagged', ['space_developer'])
  const refused = await developer.send('POST', `/v3/apps/${app}/tasks`, { command: 'true' })
  expect([refused.status, refused.body.errors[0]]).toEqual([
    403,
    { detail: 'Feature Disabled: task_creation', title: 'CF-FeatureDisabled', code: 330002 },
  ])
  expect((await admin.send('POST', `/v3/apps/${app}/tasks`, { command: 'true' })).status).toBe(202)
  await admin.must('PATCH', '/v3/feature_flags/task_creation', { enabled: true })
})
