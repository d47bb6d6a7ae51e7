/** Lists honour every filter, and what refers to something else brings it along where asked. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CfClient } from '../support/cf-client.ts'
import { type CfWorld, dropletOf, openCfWorld } from '../support/cf-world.ts'

let world: CfWorld
let cf: CfClient
/** What the paths below name. */
let known: Readonly<Record<string, string>>

const to = (guid: string) => ({ data: { guid } })

beforeAll(async () => {
  world = await openCfWorld()
  cf = world.admin
  const demo = await cf.pushDroplet('demo', dropletOf({ 'a.sh': 'true\n' }))
  const spare = await cf.must('POST', '/v3/droplets', { relationships: { app: to(demo) } })
  const org = await cf.must('POST', '/v3/organizations', { name: 'elsewhere' })
  const space = await cf.must('POST', '/v3/spaces', { name: 'far', relationships: { organization: to(org.guid) } })
  const far = await cf.must('POST', '/v3/apps', { name: 'far-app', relationships: { space: to(space.guid) } })
  await cf.must('POST', '/v3/packages', { type: 'bits', relationships: { app: to(far.guid) } })
  const services: string[] = []
  for (const [name, where] of [
    ['near-db', cf.space],
    ['far-db', space.guid],
  ]) {
    const body = { type: 'user-provided', name, relationships: { space: to(where) } }
    services.push((await cf.must('POST', '/v3/service_instances', body)).guid)
  }
  const bound = { app: to(demo), service_instance: to(services[0]!) }
  const binding = await cf.must('POST', '/v3/service_credential_bindings', {
    type: 'app',
    name: 'b',
    relationships: bound,
  })
  const quota = await cf.must('POST', '/v3/organization_quotas', { name: 'small' })
  await cf.must('POST', `/v3/organization_quotas/${quota.guid}/relationships/organizations`, {
    data: [{ guid: org.guid }],
  })
  const wish = { name: 'tiny', relationships: { organization: to(org.guid), spaces: { data: [{ guid: space.guid }] } } }
  await cf.must('POST', '/v3/space_quotas', wish)
  await cf.must('POST', '/v3/space_quotas', { name: 'loose', relationships: { organization: to(org.guid) } })
  const user = await world.user('ann', ['space_developer'])
  const roles = await cf.must('GET', '/v3/roles?types=space_developer')
  known = {
    DEMO: demo,
    SPARE: spare.guid,
    CURRENT: (await cf.must('GET', `/v3/apps/${demo}/droplets/current`)).guid,
    ORG: org.guid,
    HOME: cf.org,
    SPACE: space.guid,
    HERE: cf.space,
    BINDING: binding.guid,
    ROLE: roles.resources[0].guid,
  }
  expect(user.token).not.toBe('')
}, 60_000)
afterAll(() => world?.close())

const at = (path: string): string => path.replaceAll(/[A-Z]{3,}/g, (name) => known[name] ?? name)

const FILTERS: readonly (readonly [path: string, found: readonly string[]])[] = [
  ['/v3/apps?organization_guids=ORG', ['far-app']],
  ['/v3/apps?space_guids=HERE', ['demo']],
  ['/v3/service_instances?organization_guids=ORG', ['far-db']],
  ['/v3/service_instances?space_guids=HERE', ['near-db']],
  ['/v3/service_instances?service_plan_names=free', []],
  ['/v3/service_credential_bindings?app_names=demo', ['b']],
  ['/v3/service_credential_bindings?app_names=other', []],
  ['/v3/organization_quotas?organization_guids=ORG', ['small']],
  ['/v3/space_quotas?space_guids=SPACE', ['tiny']],
  ['/v3/space_quotas?organization_guids=ORG', ['tiny', 'loose']],
  ['/v3/users?partial_usernames=nn,zz', ['ann']],
  ['/v3/droplets?space_guids=HERE', ['AWAITING_UPLOAD', 'STAGED']],
  ['/v3/droplets?organization_guids=ORG', []],
  ['/v3/apps/DEMO/droplets?current=true', ['STAGED']],
  ['/v3/packages?organization_guids=ORG', ['AWAITING_UPLOAD']],
  ['/v3/packages?space_guids=HERE', []],
  ['/v3/processes?organization_guids=ORG', ['web']],
]

test.each(FILTERS)('%s', async (path, found) => {
  const { resources, pagination } = await cf.must('GET', at(path))
  const shown = resources.map((r: Record<string, string>) => r.name ?? r.username ?? r.state ?? r.type)
  expect([...shown].sort()).toEqual([...found].sort())
  expect(pagination.total_results).toBe(found.length)
})

const INCLUDES: readonly (readonly [path: string, included: Readonly<Record<string, readonly string[]>>])[] = [
  ['/v3/apps/DEMO?include=space,space.organization', { spaces: ['default'], organizations: ['default'] }],
  ['/v3/apps?include=org&names=demo,far-app', { organizations: ['default', 'elsewhere'] }],
  ['/v3/spaces/SPACE?include=org', { organizations: ['elsewhere'] }],
  ['/v3/spaces?include=organization&names=far', { organizations: ['elsewhere'] }],
  ['/v3/roles/ROLE?include=user,space', { users: ['ann'], spaces: ['default'] }],
  [
    '/v3/service_credential_bindings/BINDING?include=app,service_instance',
    { apps: ['demo'], service_instances: ['near-db'] },
  ],
]

test.each(INCLUDES)('%s', async (path, included) => {
  const reply = await cf.must('GET', at(path))
  const names = (found: readonly { name?: string; username?: string }[]) => found.map((r) => r.name ?? r.username)
  const shown = Object.entries(reply.included).map(([key, found]) => [key, names(found as never)])
  expect(Object.fromEntries(shown)).toEqual(included)
})

test('only a staged droplet is made the current one', async () => {
  const path = `/v3/apps/${known.DEMO}/relationships/current_droplet`
  const { status, body } = await cf.send('PATCH', path, to(known.SPARE!))
  expect([status, body.errors[0].detail]).toEqual([422, 'droplet must be in staged state'])
})

test('what /v3 says is there is there', async () => {
  const { links } = await cf.must('GET', '/v3')
  // One is only posted to, of the other there are two and no list.
  const { resource_matches: _posted, environment_variable_groups: groups, ...lists } = links
  expect((await cf.must('GET', `${groups.href}/running`)).var).toEqual({})
  for (const { href } of Object.values(lists as Record<string, { href: string }>))
    expect([href, (await cf.send('GET', href)).body.errors?.[0].detail]).not.toEqual([href, 'Unknown request'])
})

test('an audit event tells of the task as it is, and not its secrets', async () => {
  const body = { command: 'echo $SECRET', memory_in_mb: null, user: null, droplet_guid: null }
  const task = await cf.must('POST', at('/v3/apps/DEMO/tasks'), { ...body, environment_variables: { SECRET: 'hush' } })
  expect([task.user, task.droplet_guid, task.memory_in_mb]).toEqual(['vcap', known.CURRENT, 1_024])
  const { resources } = await cf.must('GET', at('/v3/audit_events?target_guids=DEMO&order_by=-created_at&per_page=1'))
  const request = { name: task.name, memory_in_mb: 1_024, command: '[PRIVATE DATA HIDDEN]' }
  expect(resources[0].data).toEqual({ task_guid: task.guid, request })
})

test('usage events: page by page, after one that is known, newest first; each once, as many as are told', async () => {
  const guidsOf = async (path: string): Promise<readonly string[]> => {
    const seen: string[] = []
    for (let next: string | undefined = path; next !== undefined; ) {
      const { pagination, resources } = await cf.must('GET', next)
      seen.push(...resources.map(({ guid }: { guid: string }) => guid))
      next = pagination.next?.href
      if (next === undefined) expect(pagination.total_results).toBe(seen.length)
    }
    return seen
  }
  for (let i = 0; i < 3; i++) await cf.run(known.DEMO!, { command: 'true' })
  const all = await guidsOf('/v3/app_usage_events?per_page=5000')
  expect(new Set(all).size).toBeGreaterThanOrEqual(6)
  expect(await guidsOf('/v3/app_usage_events?per_page=2')).toEqual(all)
  expect(await guidsOf('/v3/app_usage_events?per_page=2&order_by=-created_at')).toEqual(all.toReversed())
  expect(await guidsOf(`/v3/app_usage_events?per_page=2&after_guid=${all[1]}`)).toEqual(all.slice(2))
  expect(await guidsOf(`/v3/app_usage_events?after_guid=${all.at(-1)}`)).toEqual([])
  expect(await guidsOf(`/v3/app_usage_events?guids=${all[3]},${all[0]},x`)).toEqual([all[0], all[3]])
  expect(await guidsOf('/v3/app_usage_events?created_ats[gt]=2999-01-01T00:00:00Z')).toEqual([])
})

test('tasks by number and by their last change, which a new label is not', async () => {
  const before = await cf.run(known.DEMO!, { command: 'true' })
  const list = `/v3/apps/${known.DEMO}/tasks`
  const soon = `${new Date(Date.parse(before.updated_at) + 1_000).toISOString().slice(0, 19)}Z`
  await expect.poll(() => Date.now(), { timeout: 3_000 }).toBeGreaterThan(Date.parse(soon))
  const long = await cf.must('POST', list, { command: 'sleep 60' })
  const after = await cf.run(known.DEMO!, { command: 'exit 1' })
  const labelled = await cf.must('PATCH', `/v3/tasks/${before.guid}`, { metadata: { labels: { a: 'b' } } })
  expect([labelled.updated_at, labelled.metadata.labels]).toEqual([before.updated_at, { a: 'b' }])
  const found = async (query: string): Promise<readonly string[]> =>
    (await cf.must('GET', `${list}?${query}`)).resources.map(({ guid }: { guid: string }) => guid)
  expect(await found(`updated_ats[gte]=${soon}`)).toEqual([long.guid, after.guid])
  expect(await found(`updated_ats[gte]=${soon}&states=FAILED`)).toEqual([after.guid])
  expect(await found(`updated_ats[lt]=${soon}&sequence_ids=${before.sequence_id},${after.sequence_id}`)).toEqual([
    before.guid,
  ])
  expect(await found(`sequence_ids=${after.sequence_id},${before.sequence_id},999`)).toEqual([before.guid, after.guid])
  await cf.must('POST', `/v3/tasks/${long.guid}/actions/cancel`)
})
