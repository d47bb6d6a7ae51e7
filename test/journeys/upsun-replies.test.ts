/**
 * Replies against the required keys that the vendor publishes (OpenAPI of 2026-06-17, by way of the project's
 * reference): all of them, and no others but `_links` and `_embedded`.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { UpsunWorld } from '../support/upsun-world.ts'

const words = (text: string): readonly string[] => text.trim().split(/\s+/).sort()

const ACTIVITY = words(`id created_at updated_at type parameters project integration environments state result
  failure_reason started_at completed_at completion_percent cancelled_at timings log payload description text expires_at
  commands`)
const ENVIRONMENT = words(`id created_at updated_at name machine_name title attributes type parent default_domain
  has_domains clone_parent_on_create deployment_target is_pr has_remote status http_access enable_smtp restrict_robots
  edge_hostname deployment_state sizing resources_overrides max_instance_count last_active_at last_backup_at project
  is_main is_dirty has_staged_activities can_rolling_deploy supports_rolling_deployments has_code head_commit merge_info
  has_deployment supports_restrict_robots`)
const PROJECT = words(`id created_at updated_at attributes title description owner namespace organization
  default_branch status timezone region repository default_domain subscription maintenance`)
const VARIABLE = words(`id created_at updated_at name attributes value is_json is_sensitive visible_build
  visible_runtime application_scope`)
const ENVIRONMENT_VARIABLE = words(`${VARIABLE.join(' ')} project environment inherited is_enabled is_inheritable`)
const DEPLOYMENT = words(`id cluster_name project_info environment_info deployment_target vpn http_access enable_smtp
  restrict_robots variables access subscription services routes webapps workers container_profiles tasks`)
const USER = words(`id deactivated namespace username email email_verified first_name last_name picture company website
  country created_at updated_at`)
const TASK = words(`id name type source hooks run resources container_profile authorizations relationships
  additional_hosts mounts timezone variables dependencies runtime`)

const CONFIG = `
tasks:
  t:
    type: "python:3.11"
    container_profile: HIGH_CPU
    mounts: { data: { source: storage } }
    authorizations: [ { type: env, action: view } ]
    run: { command: "true" }
`

type Json = Readonly<Record<string, unknown>>

const keysOf = (reply: unknown): readonly string[] =>
  Object.keys(reply as Json)
    .filter((key) => key !== '_links' && key !== '_embedded')
    .sort()

describe('replies', () => {
  const world = new UpsunWorld()
  let run = ''
  beforeAll(async () => {
    await world.open()
    const deployed = await world.deploy('wire', { '.upsun/config.yaml': CONFIG })
    expect(deployed.code, deployed.stderr).toBe(0)
    for (const place of ['', '/environments/main'])
      await world.api(`/projects/wire${place}/variables`, { method: 'POST', body: '{"name":"env:A","value":"b"}' })
    run = (await world.start('wire', 't')).id
    await world.log('wire', run)
  }, 60_000)
  afterAll(() => world.close())

  test.each([
    ['/projects/wire', PROJECT],
    ['/projects/wire/environments', ENVIRONMENT],
    ['/projects/wire/environments/main', ENVIRONMENT],
    ['/projects/wire/environments/main/tasks', TASK],
    ['/projects/wire/environments/main/tasks/t', TASK],
    ['/projects/wire/environments/main/deployments/current', DEPLOYMENT],
    ['/projects/wire/environments/main/deployments/next', DEPLOYMENT],
    ['/projects/wire/activities', ACTIVITY],
    ['/projects/wire/environments/main/activities', ACTIVITY],
    ['/projects/wire/environments/main/activities/RUN', ACTIVITY],
    ['/projects/wire/activities/RUN', ACTIVITY],
    ['/projects/wire/variables', VARIABLE],
    ['/projects/wire/variables/env%3AA', VARIABLE],
    ['/projects/wire/environments/main/variables', ENVIRONMENT_VARIABLE],
    ['/projects/wire/environments/main/variables/env%3AA', ENVIRONMENT_VARIABLE],
    ['/users/me', USER],
  ])('%s', async (path, keys) => {
    const reply = await world.api(path.replace('RUN', run))
    expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'application/json'])
    const body = (await reply.json()) as unknown
    const objects = Array.isArray(body) ? body : [body]
    expect(objects.length).toBeGreaterThan(0)
    for (const object of objects) expect(keysOf(object)).toEqual(keys)
    for (const { _links } of objects as readonly { _links?: Json }[])
      for (const link of Object.values(_links ?? {})) expect(link).toEqual({ href: expect.stringMatching(/^\//) })
  })

  test('parts: what hangs below has the keys that are published for it', async () => {
    const task = await world.json<Record<string, Json>>('/projects/wire/environments/main/tasks/t')
    expect([task.source, task.hooks, task.run, task.mounts?.data].map(keysOf)).toEqual(
      ['root', 'build deploy', 'command timeout', 'source source_path'].map(words),
    )
    expect(task.authorizations).toEqual([{ type: 'env', action: 'view', resource: null }])
    const deployment = await world.json<Record<string, Json>>('/projects/wire/environments/main/deployments/current')
    const variable = { name: 'env:A', value: 'b', is_sensitive: false, is_json: false }
    expect(deployment.variables).toEqual([{ ...variable, visible_build: true, visible_runtime: true }])
    expect(deployment.tasks).toEqual({ t: { resources: { profile_size: '0.5' } } })
    expect(deployment.container_profiles).toMatchObject({
      HIGH_CPU: { '0.5': { cpu: 0.5, memory: 224, cpu_type: 'shared' } },
    })
    expect(keysOf(deployment.project_info)).toEqual(words('title name namespace organization capabilities settings'))
    expect(keysOf(deployment.environment_info)).toEqual(
      words('name status is_main is_production constraints reference machine_name environment_type links'),
    )
    const environment = await world.json<Record<string, Json>>('/projects/wire/environments/main')
    expect(keysOf(environment.deployment_state)).toEqual(
      words(`last_state_update_successful last_deployment_successful last_deployment_failure_reason
        last_deployment_commands last_deployment_at last_autoscale_up_at last_autoscale_down_at last_maintenance_at crons`),
    )
    expect(keysOf(environment.sizing)).toEqual(words('services webapps workers tasks'))
    const project = await world.json<Record<string, Json>>('/projects/wire')
    expect(keysOf(project.repository)).toEqual(words('url client_ssh_key'))
    expect(await world.json('/projects/wire/capabilities')).toMatchObject({ tasks: { enabled: true } })
  })

  test('every change is answered with status, code and what it concerns', async () => {
    const answers = [
      ['POST', '/projects/wire/environments/main/tasks/t/run', '{}', 202],
      ['POST', '/projects/wire/variables', '{"name":"env:B","value":"c"}', 201],
      ['PATCH', '/projects/wire/variables/env%3AB', '{"value":"d"}', 200],
      ['DELETE', '/projects/wire/variables/env%3AB', '', 200],
      ['POST', '/projects/wire/environments/main/redeploy', '', 202],
    ] as const
    for (const [method, path, body, status] of answers) {
      const reply = await world.api(path, { method, ...(body !== '' && { body }) })
      const json = (await reply.json()) as { status: string; code: number; _embedded: { activities: Json[] } }
      expect([path, reply.status, keysOf(json), json.code]).toEqual([path, status, ['code', 'status'], status])
      expect(json.status).toBe('created')
      for (const activity of json._embedded.activities) expect(keysOf(activity)).toEqual(ACTIVITY)
    }
  })

  test('an activity ends with a date of expiry, times and the words for both kinds of reader', async () => {
    const activity = await world.json<Record<string, unknown>>(`/projects/wire/activities/${run}`)
    expect(activity).toMatchObject({
      type: 'environment.task',
      parameters: { task: 't', environment: 'main', user: expect.stringMatching(/^[0-9a-f-]{36}$/) },
      payload: { task: 't', project: { id: 'wire' }, environment: { id: 'main' } },
      text: 'admin ran task **t**',
      description: expect.stringMatching(/^<user data-id="[0-9a-f-]{36}">admin<\/user> ran task <strong>t<\/strong>$/),
      timings: { wait: expect.any(Number), build: expect.any(Number), execute: expect.any(Number) },
    })
    for (const key of ['created_at', 'updated_at', 'started_at', 'completed_at', 'expires_at'])
      expect(activity[key]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/)
  })
})
