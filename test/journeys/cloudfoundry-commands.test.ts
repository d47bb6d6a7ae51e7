/**
 * The requests of cf CLI v8 commands, in its order and with what it needs in each reply (its source, actor/v7action): for
 * machines where the CLI itself cannot be had. Whatever a command does not use is left to the other journeys.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CfClient } from '../support/cf-client.ts'
import { type CfWorld, dropletOf, openCfWorld, zipOf } from '../support/cf-world.ts'

let world: CfWorld
let cf: CfClient
let app: string

beforeAll(async () => {
  world = await openCfWorld()
  cf = world.admin
  app = await cf.pushDroplet('demo', dropletOf({ 'a.sh': 'echo out\n' }))
}, 60_000)
afterAll(() => world?.close())

/** How the CLI names itself. */
const CLI = { 'user-agent': 'cf/8.18.4+7e5f0a2b.2025-11-01 (go1.25.3; amd64 linux)' }
/** One without `--wait`. */
const CLI_7 = { 'user-agent': 'cf/7.1.0 (go1.26.8; amd64 linux)' }
const to = (guid: string) => ({ data: { guid } })
const names = (list: { resources: { name: string }[] }): string[] => list.resources.map(({ name }) => name)

test('cf run-task --wait: a short task is over in the reply of its creation, which the CLI looks at before it sleeps', async () => {
  const short = await cf.send('POST', `/v3/apps/${app}/tasks`, { command: 'exit 3', name: 'short' }, CLI)
  expect([short.status, short.body.state]).toEqual([202, 'FAILED'])
  const older = await cf.send('POST', `/v3/apps/${app}/tasks`, { command: 'sleep 0.2', name: 'older' }, CLI_7)
  expect(['PENDING', 'RUNNING']).toContain(older.body.state)
  const long = await cf.send('POST', `/v3/apps/${app}/tasks`, { command: 'sleep 60' }, CLI)
  expect([long.status, long.body.state]).toEqual([202, 'RUNNING'])
  const found = await cf.must('GET', `/v3/apps/${app}/tasks?sequence_ids=${long.body.sequence_id}&per_page=1&page=1`)
  expect((await cf.send('PUT', `/v3/tasks/${found.resources[0].guid}/cancel`)).status).toBe(202)
})

test('cf org and cf space read quotas, domains, isolation, features and security groups', async () => {
  const org = (await cf.must('GET', '/v3/organizations?names=default')).resources[0]
  expect((await cf.must('GET', `/v3/organizations/${org.guid}/domains`)).resources).toEqual([])
  const quota = await cf.must('GET', `/v3/organization_quotas/${org.relationships.quota.data.guid}`)
  expect(quota.name).toBe('default')
  const isolation = `/v3/organizations/${org.guid}/relationships/default_isolation_segment`
  expect((await cf.must('GET', isolation)).data).toBeNull()
  expect((await cf.must('GET', `/v3/isolation_segments?organization_guids=${org.guid}`)).resources).toEqual([])
  const spaces = await cf.must('GET', `/v3/spaces?names=default&organization_guids=${org.guid}&include=organization`)
  expect(names({ resources: spaces.included.organizations })).toEqual(['default'])
  const space = `/v3/spaces/${spaces.resources[0].guid}`
  expect((await cf.must('GET', `${space}/relationships/isolation_segment`)).data).toBeNull()
  expect((await cf.must('GET', `${space}/features/ssh`)).enabled).toBe(false)
  for (const kind of ['running', 'staging'])
    expect((await cf.must('GET', `${space}/${kind}_security_groups`)).resources).toEqual([])
  expect(names(await cf.must('GET', `/v3/apps?order_by=name&space_guids=${cf.space}&per_page=5000`))).toContain('demo')
})

test('cf create-user, set-space-role, space-users, unset-space-role, delete-user', async () => {
  const user = { userName: 'ann', password: 'pw', origin: 'uaa', name: { familyName: 'ann', givenName: 'ann' } }
  const made = await cf.send('POST', '/Users', { ...user, emails: [{ value: 'ann', primary: true }] })
  expect(made.status).toBe(201)
  await cf.must('POST', '/v3/users', { guid: made.body.id })
  expect((await cf.send('POST', '/Users', user)).status).toBe(409)
  const role = (type: string, where: object) =>
    cf.send('POST', '/v3/roles', {
      type,
      relationships: { user: { data: { username: 'ann', origin: 'uaa' } }, ...where },
    })
  const first = await role('space_developer', { space: to(cf.space) })
  expect([first.status, first.body.errors[0].detail]).toEqual([
    422,
    "Users cannot be assigned roles in a space if they do not have a role in that space's organization.",
  ])
  expect((await role('organization_user', { organization: to(cf.org) })).status).toBe(201)
  const again = await role('organization_user', { organization: to(cf.org) })
  expect(again.body.errors[0].detail).toBe("User 'ann' already has 'organization_user' role in organization 'default'.")
  expect((await role('space_developer', { space: to(cf.space) })).status).toBe(201)
  const listed = await cf.must('GET', `/v3/roles?include=user&per_page=5000&space_guids=${cf.space}`)
  expect(listed.included.users.map((u: { username: string }) => u.username)).toEqual(['ann'])
  const filter = `types=space_developer&space_guids=${cf.space}&user_guids=${made.body.id}`
  const found = await cf.must('GET', `/v3/roles?${filter}`)
  await cf.job(await cf.send('DELETE', `/v3/roles/${found.resources[0].guid}`))
  expect((await cf.must('GET', `/v3/roles?${filter}`)).resources).toEqual([])
  const wanted = encodeURIComponent('userName eq "ann" and origin eq "uaa"')
  expect((await cf.must('GET', `/Users?filter=${wanted}`)).resources.map((u: { id: string }) => u.id)).toEqual([
    made.body.id,
  ])
  await cf.job(await cf.send('DELETE', `/v3/users/${made.body.id}`))
  expect((await cf.send('DELETE', `/Users/${made.body.id}`)).status).toBe(200)
  expect((await cf.grant({ grant_type: 'password', username: 'ann', password: 'pw' })).status).toBe(401)
})

test('cf create-org and create-space give their maker the roles of a manager and developer, by name', async () => {
  const org = await cf.must('POST', '/v3/organizations', { name: 'mine' })
  const space = await cf.must('POST', '/v3/spaces', { name: 'dev', relationships: { organization: to(org.guid) } })
  const user = { data: { username: world.username, origin: 'uaa' } }
  for (const [type, where] of [
    ['organization_user', { organization: to(org.guid) }],
    ['organization_manager', { organization: to(org.guid) }],
    ['space_manager', { space: to(space.guid) }],
    ['space_developer', { space: to(space.guid) }],
  ] as const)
    expect((await cf.send('POST', '/v3/roles', { type, relationships: { user, ...where } })).status).toBe(201)
  expect(org.relationships.quota.data).not.toBeNull()
  await cf.job(await cf.send('DELETE', `/v3/organizations/${org.guid}`))
})

test('cf create-org-quota, update-org-quota, set-org-quota; cf create-space-quota, set-space-quota, unset-space-quota', async () => {
  const org = await cf.must('POST', '/v3/organizations', { name: 'quoted' })
  const space = await cf.must('POST', '/v3/spaces', { name: 'dev', relationships: { organization: to(org.guid) } })
  const apps = { total_memory_in_mb: 1024, per_process_memory_in_mb: null, total_instances: null, per_app_tasks: 3 }
  const quota = await cf.must('POST', '/v3/organization_quotas', { name: 'small', apps })
  expect(quota.apps).toEqual({ ...apps, log_rate_limit_in_bytes_per_second: null })
  const changed = { name: 'smaller', apps: { per_app_tasks: null }, routes: {}, services: {} }
  const updated = await cf.must('PATCH', `/v3/organization_quotas/${quota.guid}`, changed)
  expect(updated).toMatchObject({
    ...quota,
    name: 'smaller',
    apps: { ...apps, per_app_tasks: null },
    updated_at: expect.any(String),
  })
  const found = (await cf.must('GET', '/v3/organization_quotas?names=smaller')).resources[0]
  await cf.must('POST', `/v3/organization_quotas/${found.guid}/relationships/organizations`, {
    data: [{ guid: org.guid }],
  })
  expect((await cf.must('GET', `/v3/organizations/${org.guid}`)).relationships.quota.data.guid).toBe(quota.guid)
  const spaceQuota = await cf.must('POST', '/v3/space_quotas', {
    name: 'tiny',
    apps: { log_rate_limit_in_bytes_per_second: 1000 },
    relationships: { organization: to(org.guid) },
  })
  await cf.must('POST', `/v3/space_quotas/${spaceQuota.guid}/relationships/spaces`, { data: [{ guid: space.guid }] })
  expect((await cf.must('GET', `/v3/spaces/${space.guid}`)).relationships.quota.data.guid).toBe(spaceQuota.guid)
  const taken = `/v3/space_quotas/${spaceQuota.guid}/relationships/spaces/${space.guid}`
  expect((await cf.send('DELETE', taken)).status).toBe(204)
  await cf.job(await cf.send('DELETE', `/v3/space_quotas/${spaceQuota.guid}`))
  await cf.job(await cf.send('DELETE', `/v3/organizations/${org.guid}`))
  await cf.job(await cf.send('DELETE', `/v3/organization_quotas/${quota.guid}`))
})

test('cf cups, services, bind-service, unbind-service, uups, delete-service', async () => {
  const relationships = { space: to(cf.space) }
  const service = { type: 'user-provided', name: 'db', credentials: { uri: 'postgres://a' }, relationships }
  const { guid } = await cf.must('POST', '/v3/service_instances', service)
  const bind = { type: 'app', relationships: { app: to(app), service_instance: to(guid) } }
  const binding = await cf.must('POST', '/v3/service_credential_bindings', bind)
  const twice = await cf.send('POST', '/v3/service_credential_bindings', bind)
  expect(twice.body.errors[0].detail).toBe('The app is already bound to the service instance')
  const fields = [
    'fields[service_plan]=guid,name,relationships.service_offering',
    'fields[service_plan.service_offering]=guid,name,relationships.service_broker',
    'fields[service_plan.service_offering.service_broker]=guid,name',
  ].join('&')
  const all = await cf.must(
    'GET',
    `/v3/service_instances?space_guids=${cf.space}&${fields}&order_by=name&per_page=5000`,
  )
  expect(names(all)).toEqual(['db'])
  const bindings = await cf.must('GET', `/v3/service_credential_bindings?include=app&service_instance_guids=${guid}`)
  expect(bindings.included.apps.map((a: { name: string; relationships: object }) => [a.name, a.relationships])).toEqual(
    [['demo', { space: to(cf.space), current_droplet: expect.any(Object) }]],
  )
  const details = await cf.must('GET', `/v3/service_credential_bindings/${binding.guid}/details`)
  expect(details.credentials).toEqual({ uri: 'postgres://a' })
  await cf.must('PATCH', `/v3/service_instances/${guid}`, { credentials: { uri: 'postgresql://b' } })
  const own = { DATABASE_URL: 'mine', LANG: 'C', VIEW: 'mine' }
  const command = 'echo $DATABASE_URL $LANG $VIEW'
  const task = await cf.run(app, { command, name: 'url', environment_variables: own })
  // The foundation has the last word, and Rails' name of the database.
  expect(await cf.recentLogs(task.guid)).toContain('[APP/TASK/url/0] OUT postgres://b en_US.UTF-8 mine')
  expect((await cf.send('DELETE', `/v3/service_credential_bindings/${binding.guid}`)).status).toBe(204)
  expect((await cf.send('DELETE', `/v3/service_instances/${guid}`)).status).toBe(204)
})

test('cf push without --task: staging is told in the log, starting ends at once because apps run no instances', async () => {
  const pushed = await cf.pushBits('plain', zipOf({ 'run.sh': 'echo hi\n' }), '  command: sh run.sh\n')
  const log = await cf.recentLogs(pushed)
  expect(log[0]).toMatch(/^\[STG\/0\] OUT Unpacking the app \(\d+ bytes\)$/)
  expect(log[1]).toMatch(/^\[STG\/0\] OUT The droplet has 1 entries, 8 bytes$/)
  expect((await cf.must('POST', `/v3/apps/${pushed}/actions/restart`)).state).toBe('STARTED')
  const { resources } = await cf.must('GET', `/v3/apps/${pushed}/processes`)
  // No instance counts as stable (the CLI's PollProcesses).
  expect(await cf.must('GET', `/v3/processes/${resources[0].guid}/stats`)).toEqual({ resources: [] })
  await cf.job(await cf.send('DELETE', `/v3/apps/${pushed}`))
})

test('cf copy-source, and a droplet copied and downloaded', async () => {
  const from = await cf.pushBits('from', zipOf({ 'run.sh': 'echo copied\n' }))
  const target = await cf.createApp('target')
  const related = { relationships: { app: to(target) } }
  const source = (await cf.must('GET', `/v3/apps/${from}/packages`)).resources[0]
  const copy = await cf.must('POST', `/v3/packages?source_guid=${source.guid}`, related)
  expect((await cf.must('GET', `/v3/packages/${copy.guid}`)).state).toBe('READY')
  const droplet = (await cf.must('GET', `/v3/apps/${from}/droplets/current`)).guid
  const made = await cf.must('POST', `/v3/droplets?source_guid=${droplet}`, related)
  expect(made.state).toBe('COPYING')
  await cf.until(`/v3/droplets/${made.guid}`, (d) => d.state === 'STAGED')
  await cf.must('PATCH', `/v3/apps/${target}/relationships/current_droplet`, to(made.guid))
  await cf.job(await cf.send('DELETE', `/v3/apps/${from}`))
  const task = await cf.run(target, { command: 'sh run.sh', name: 'copy' })
  expect(await cf.recentLogs(task.guid)).toContain('[APP/TASK/copy/0] OUT copied')
  const headers = { authorization: `bearer ${cf.token}` }
  const archive = await fetch(`${world.url}/v3/droplets/${made.guid}/download`, { headers })
  expect(Buffer.from(await archive.arrayBuffer()).readUInt16BE()).toBe(0x1f8b)
  const address = (await fetch(`${world.url}/v3/packages/${copy.guid}/download`, { headers, redirect: 'manual' }))
    .headers
  const blob = address.get('location')!
  expect(Buffer.from(await (await fetch(blob)).arrayBuffer()).readUInt16BE()).toBe(0x504b)
  expect((await fetch(`${blob}x`)).status).toBe(404)
}, 60_000)

test('cf push --docker-image with a user of its registry: the password is kept and never shown', async () => {
  const path = `/v3/spaces/${cf.space}/actions/apply_manifest`
  const manifest = 'applications:\n- name: image\n  docker:\n    image: private/x\n    username: me\n  no-route: true\n'
  await cf.job(await cf.send('POST', path, manifest, { 'content-type': 'application/x-yaml' }))
  const image = (await cf.must('GET', `/v3/apps?names=image&space_guids=${cf.space}`)).resources[0]
  expect(image.lifecycle).toEqual({ type: 'docker', data: {} })
  const data = { image: 'private/x', username: 'me', password: 's3cret' }
  const made = await cf.must('POST', '/v3/packages', { type: 'docker', data, relationships: { app: to(image.guid) } })
  expect(made.data).toEqual({ image: 'private/x', username: 'me', password: '***' })
  const build = await cf.must('POST', '/v3/builds', { package: { guid: made.guid } })
  expect(build.state).toBe('STAGED')
  const droplet = await cf.must('GET', `/v3/droplets/${build.droplet.guid}`)
  expect(droplet.image).toBe('private/x')
  expect(JSON.stringify([droplet, build])).not.toContain('s3cret')
})

test('beyond: of tasks under one concurrency limit the others wait as PENDING', async () => {
  const limited = { metadata: { annotations: { 'taskport/concurrency': 'gate=1' } } }
  const path = `/v3/apps/${app}/tasks`
  const first = await cf.must('POST', path, { command: 'sleep 60', name: 'first', ...limited })
  const second = await cf.must('POST', path, { command: 'true', name: 'second', ...limited })
  expect([first.state, second.state]).toEqual(['RUNNING', 'PENDING'])
  await cf.must('POST', `/v3/tasks/${first.guid}/actions/cancel`)
  expect((await cf.ended(second.guid)).state).toBe('SUCCEEDED')
}, 30_000)

test('beyond: a task runs again by schedule, each run with its own number, until the annotation is taken', async () => {
  const scheduled = { 'taskport/schedule': '* * * * * *', 'taskport/overlap': 'allow' }
  const first = await cf.must('POST', `/v3/apps/${app}/tasks`, {
    command: 'echo tick',
    name: 'tick',
    metadata: { labels: { series: 'tick' }, annotations: scheduled },
  })
  const list = `/v3/apps/${app}/tasks?names=tick`
  await cf.until(list, (page) => page.resources.length >= 3)
  const { resources } = await cf.must('GET', list)
  const numbers = resources.map((t: { sequence_id: number }) => t.sequence_id)
  expect(numbers).toEqual(numbers.map((_: number, i: number) => first.sequence_id + i))
  expect(resources.at(-1).metadata).toMatchObject({ labels: { series: 'tick' }, annotations: scheduled })
  const taken = { metadata: { annotations: { 'taskport/schedule': null } } }
  await cf.must('PATCH', `/v3/tasks/${resources.at(-1).guid}`, taken)
  const { pagination } = await cf.must('GET', list)
  await cf.run(app, { command: 'sleep 2' })
  expect((await cf.must('GET', list)).pagination.total_results).toBe(pagination.total_results)
  const wrong = { command: 'true', metadata: { annotations: { 'taskport/schedule': 'never' } } }
  const refused = await cf.send('POST', `/v3/apps/${app}/tasks`, wrong)
  expect([refused.status, refused.body.errors[0].code]).toEqual([422, 10008])
  expect(refused.body.errors[0].detail).toMatch(/^Metadata annotation value error: taskport\/schedule/)
}, 60_000)

test('beyond: scheduled runs take the droplet, variables and services that the app has by then', async () => {
  const app = await cf.pushDroplet('evolving', dropletOf({ 'a.sh': 'echo old $WHO $DATABASE_URL\n' }))
  const scheduled = { 'taskport/schedule': '* * * * * *', 'taskport/overlap': 'allow' }
  const body = { command: 'sh a.sh', name: 'tick', metadata: { annotations: scheduled } }
  await cf.must('POST', `/v3/apps/${app}/tasks`, body)
  const says = (line: string) =>
    cf.until(`/api/v1/read/${app}?limit=1000&envelope_types=LOG`, (reply) =>
      reply.envelopes.batch.some(
        (e: { log: { payload: string } }) => Buffer.from(e.log.payload, 'base64').toString() === line,
      ),
    )
  await says('old')
  await cf.must('PATCH', `/v3/apps/${app}/environment_variables`, { var: { WHO: 'me' } })
  await says('old me')
  const service = await cf.must('POST', '/v3/service_instances', {
    type: 'user-provided',
    name: 'evolving-db',
    credentials: { uri: 'postgres://u@h/d' },
    relationships: { space: to(cf.space) },
  })
  const relationships = { app: to(app), service_instance: to(service.guid) }
  await cf.must('POST', '/v3/service_credential_bindings', { type: 'app', relationships })
  await says('old me postgres://u@h/d')
  const first = await cf.must('GET', `/v3/apps/${app}/droplets/current`)
  const fresh = await cf.must('POST', '/v3/droplets', { relationships: { app: to(app) } })
  const form = new FormData()
  form.append('bits', new Blob([new Uint8Array(dropletOf({ 'a.sh': 'echo new $WHO\n' }))]), 'x.tgz')
  await cf.job(await cf.send('POST', `/v3/droplets/${fresh.guid}/upload`, form))
  await cf.must('PATCH', `/v3/apps/${app}/relationships/current_droplet`, { data: { guid: fresh.guid } })
  await says('new me')
  const { resources } = await cf.must('GET', `/v3/apps/${app}/tasks?order_by=-created_at`)
  expect(resources[0].droplet_guid).toBe(fresh.guid)
  expect(resources.at(-1).droplet_guid).toBe(first.guid)
  await cf.job(await cf.send('DELETE', `/v3/apps/${app}`))
}, 60_000)

test('process types of a Procfile are templates of tasks; one that is no map of commands is refused', async () => {
  const app = await cf.pushBits(
    'with-procfile',
    zipOf({ Procfile: '# types\ntask: exit 4\nweb: exit 5\n', 'a.sh': 'true' }),
  )
  const processes = (await cf.must('GET', `/v3/apps/${app}/processes?order_by=-created_at`)).resources
  expect(processes.map(({ type }: { type: string }) => type).sort()).toEqual(['task', 'web'])
  for (const { guid, type } of processes) {
    const { result } = await cf.run(app, { name: type, template: { process: { guid } } })
    expect(result.failure_reason).toBe(`APP/TASK/${type}: Exited with status ${type === 'task' ? 4 : 5}`)
  }
  const droplet = await cf.must('GET', `/v3/apps/${app}/droplets/current`)
  expect(droplet.process_types).toEqual({ task: 'exit 4', web: 'exit 5' })
  const broken = cf.pushBits('broken-procfile', zipOf({ Procfile: '- a\n', 'a.sh': 'true' }))
  await expect(broken).rejects.toThrow('Procfile must be a map of process types to commands')
})
