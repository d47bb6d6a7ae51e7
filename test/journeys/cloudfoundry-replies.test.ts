/**
 * Replies key by key and in order. A task, a page, an error, a usage event, the root and a token: the project's reference
 * on Cloud Foundry. The others: Cloud Controller's presenters (cloud_controller_ng, app/presenters/v3) as of 2026-11-22;
 * of their links those that lead somewhere here.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CfClient } from '../support/cf-client.ts'
import { type CfWorld, dropletOf, openCfWorld, zipOf } from '../support/cf-world.ts'

let world: CfWorld
let cf: CfClient
let known: Readonly<Record<string, string>>

beforeAll(async () => {
  world = await openCfWorld()
  cf = world.admin
  const app = await cf.pushBits('demo', zipOf({ 'a.sh': 'echo hi\n' }))
  const uploaded = await cf.pushDroplet('other', dropletOf({ 'a.sh': 'true\n' }))
  const task = (await cf.run(app, { command: 'echo hi', name: 'one' })).guid
  const to = (guid: string) => ({ data: { guid } })
  const service = await cf.must('POST', '/v3/service_instances', {
    type: 'user-provided',
    name: 'db',
    credentials: {},
    relationships: { space: to(cf.space) },
  })
  const binding = await cf.must('POST', '/v3/service_credential_bindings', {
    type: 'app',
    relationships: { app: to(app), service_instance: to(service.guid) },
  })
  const docker = await cf.must('POST', '/v3/packages', {
    type: 'docker',
    data: { image: 'x' },
    relationships: { app: to(app) },
  })
  const spaceQuota = await cf.must('POST', '/v3/space_quotas', {
    name: 'q',
    relationships: { organization: to(cf.org) },
  })
  const users = await cf.must('GET', '/v3/users')
  const role = await cf.must('POST', '/v3/roles', {
    type: 'organization_user',
    relationships: { user: to(users.resources[0].guid), organization: to(cf.org) },
  })
  const first = async (path: string): Promise<string> => (await cf.must('GET', path)).resources[0].guid
  known = {
    APP: app,
    TASK: task,
    SPACE: cf.space,
    ORG: cf.org,
    PROCESS: await first(`/v3/apps/${app}/processes`),
    PACKAGE: await first(`/v3/apps/${app}/packages`),
    DOCKER: docker.guid,
    BUILD: await first(`/v3/apps/${app}/builds`),
    DROPLET: await first(`/v3/apps/${app}/droplets`),
    UPLOADED: await first(`/v3/apps/${uploaded}/droplets`),
    QUOTA: await first('/v3/organization_quotas'),
    SPACE_QUOTA: spaceQuota.guid,
    USER: users.resources[0].guid,
    ROLE: role.guid,
    SERVICE: service.guid,
    BINDING: binding.guid,
    STACK: await first('/v3/stacks?names=cflinuxfs4'),
    BUILDPACK: await first('/v3/buildpacks?order_by=position'),
    USAGE: await first('/v3/app_usage_events'),
    AUDIT: await first('/v3/audit_events'),
  }
}, 60_000)
afterAll(() => world?.close())

/** `a,b{c,d}`: keys in order; what lists hold, links' own keys and free-form objects are left out. */
function shapeOf(value: unknown, free: readonly string[] = []): string {
  return Object.entries(value as object)
    .map(([key, part]) => {
      if (part === null || typeof part !== 'object' || Array.isArray(part) || free.includes(key)) return key
      if (key === 'links') return `links{${Object.keys(part).join()}}`
      const inner = shapeOf(part, free)
      return inner === '' ? key : `${key}{${inner}}`
    })
    .join()
}

const HEAD = 'guid,created_at,updated_at'
const META = 'metadata{labels,annotations}'
const FREE = ['VCAP_SERVICES', 'VCAP_APPLICATION', 'process_types', 'var', 'request']
const LAST = 'last_operation{type,state,description,created_at,updated_at}'
const APPS =
  'apps{total_memory_in_mb,per_process_memory_in_mb,total_instances,per_app_tasks,log_rate_limit_in_bytes_per_second}'
const SERVICES = 'services{paid_services_allowed,total_service_instances,total_service_keys}'
const ROUTES = 'routes{total_routes,total_reserved_ports}'

const SHAPES: readonly (readonly [path: string, shape: string])[] = [
  [
    '/',
    'links{self,bits_service,cloud_controller_v2,cloud_controller_v3,network_policy_v0,network_policy_v1,login,uaa,credhub,routing,logging,log_cache,log_stream,app_ssh}',
  ],
  ['/login', 'app{version},links{uaa,login},zone_name,prompts{username,password}'],
  [
    '/v3/tasks/TASK',
    `${HEAD},sequence_id,name,command,user,state,memory_in_mb,disk_in_mb,log_rate_limit_in_bytes_per_second,result{failure_reason},droplet_guid,relationships{app{data{guid}}},${META},links{self,app,cancel,droplet}`,
  ],
  ['/v3/tasks', 'pagination{total_results,total_pages,first{href},last{href},next,previous},resources'],
  [
    '/v3/apps/APP',
    `${HEAD},name,state,lifecycle{type,data{buildpacks,stack}},relationships{space{data{guid}},current_droplet{data{guid}}},${META},links{self,environment_variables,space,processes,packages,current_droplet,droplets,tasks,start,stop}`,
  ],
  [
    '/v3/apps/APP/env',
    'staging_env_json,running_env_json,environment_variables,system_env_json{VCAP_SERVICES},application_env_json{VCAP_APPLICATION}',
  ],
  ['/v3/apps/APP/environment_variables', 'var,links{self,app}'],
  ['/v3/apps/APP/relationships/current_droplet', 'data{guid},links{self,related}'],
  [
    '/v3/processes/PROCESS',
    `${HEAD},version,type,command,user,instances,memory_in_mb,disk_in_mb,log_rate_limit_in_bytes_per_second,health_check{type,data{timeout,invocation_timeout}},readiness_health_check{type,data{invocation_timeout,interval}},relationships{app{data{guid}},revision},${META},links{self,scale,app,stats}`,
  ],
  ['/v3/processes/PROCESS/stats', 'resources'],
  [
    '/v3/packages/PACKAGE',
    `${HEAD},type,data{error,checksum{type,value}},state,relationships{app{data{guid}}},${META},links{self,upload,download,app}`,
  ],
  [
    '/v3/packages/DOCKER',
    `${HEAD},type,data{image,username,password},state,relationships{app{data{guid}}},${META},links{self,app}`,
  ],
  [
    '/v3/builds/BUILD',
    `${HEAD},state,staging_memory_in_mb,staging_disk_in_mb,staging_log_rate_limit_bytes_per_second,error,lifecycle{type,data{buildpacks,stack}},package{guid},droplet{guid},created_by{guid,name,email},relationships{app{data{guid}}},${META},links{self,app,droplet}`,
  ],
  [
    '/v3/droplets/DROPLET',
    `${HEAD},state,error,lifecycle{type,data},checksum{type,value},buildpacks,stack,image,execution_metadata,process_types,relationships{app{data{guid}}},${META},links{self,app,package,assign_current_droplet,download}`,
  ],
  [
    '/v3/droplets/UPLOADED',
    `${HEAD},state,error,lifecycle{type,data},checksum{type,value},buildpacks,stack,image,execution_metadata,process_types,relationships{app{data{guid}}},${META},links{self,app,assign_current_droplet,download}`,
  ],
  [
    '/v3/organizations/ORG',
    `${HEAD},name,suspended,relationships{quota{data{guid}}},${META},links{self,domains,default_domain,quota}`,
  ],
  [
    '/v3/spaces/SPACE',
    `${HEAD},name,relationships{organization{data{guid}},quota{data}},${META},links{self,organization,features,apply_manifest}`,
  ],
  [
    '/v3/organization_quotas/QUOTA',
    `${HEAD},name,${APPS},${SERVICES},${ROUTES},domains{total_domains},relationships{organizations{data}},links{self}`,
  ],
  [
    '/v3/space_quotas/SPACE_QUOTA',
    `${HEAD},name,${APPS},${SERVICES},${ROUTES},relationships{organization{data{guid}},spaces{data}},links{self}`,
  ],
  ['/v3/users/USER', `${HEAD},username,presentation_name,origin,${META},links{self}`],
  [
    '/v3/roles/ROLE',
    `${HEAD},type,relationships{user{data{guid}},organization{data{guid}},space{data}},links{self,user,organization}`,
  ],
  [
    '/v3/service_instances/SERVICE',
    `${HEAD},name,type,tags,syslog_drain_url,route_service_url,${LAST},relationships{space{data{guid}}},${META},links{self,space,credentials,service_credential_bindings,service_route_bindings}`,
  ],
  [
    '/v3/service_credential_bindings/BINDING',
    `${HEAD},name,type,${LAST},${META},relationships{app{data{guid}},service_instance{data{guid}}},links{self,details,app,service_instance}`,
  ],
  [
    '/v3/app_usage_events/USAGE',
    `${HEAD},state{current,previous},app{guid,name},process{guid,type},space{guid,name},organization{guid},buildpack{guid,name},task{guid,name},memory_in_mb_per_instance{current,previous},instance_count{current,previous},links{self}`,
  ],
  [
    '/v3/audit_events/AUDIT',
    `${HEAD},type,actor{guid,type,name},target{guid,type,name},data{task_guid,request},space{guid},organization{guid},links{self}`,
  ],
  ['/v3/stacks/STACK', `${HEAD},name,description,run_rootfs_image,build_rootfs_image,default,${META},links{self}`],
  [
    '/v3/buildpacks/BUILDPACK',
    `${HEAD},name,stack,state,filename,position,enabled,locked,lifecycle,${META},links{self}`,
  ],
  ['/v3/feature_flags/task_creation', 'name,enabled,updated_at,custom_error_message,links{self}'],
  ['/v3/environment_variable_groups/running', 'updated_at,name,var,links{self}'],
  ['/api/v1/info', 'version,vm_uptime'],
  ['/api/v1/read/TASK', 'envelopes{batch}'],
]

test.each(SHAPES)('%s', async (path, shape) => {
  const address = path.replaceAll(/[A-Z_]{3,}/g, (name) => known[name] ?? name)
  expect(shapeOf(await cf.must('GET', address), FREE)).toBe(shape)
})

test('what is in lists', async () => {
  const { pagination, resources } = await cf.must('GET', '/v3/apps?per_page=1')
  expect(shapeOf(pagination)).toBe('total_results,total_pages,first{href},last{href},next{href},previous')
  expect(shapeOf(resources[0])).toBe(shapeOf(await cf.must('GET', `/v3/apps/${resources[0].guid}`)))
  const [envelope] = (await cf.must('GET', `/api/v1/read/${known.TASK}`)).envelopes.batch
  expect(shapeOf(envelope)).toBe(
    'timestamp,source_id,instance_id,deprecated_tags,tags{app_id,app_name,instance_id,organization_id,source_id,source_type,space_id,space_name,task_id},log{payload,type}',
  )
  expect(envelope.timestamp).toMatch(/^\d{19}$/)
})

test('a token, a job and the headers of every reply', async () => {
  const { body } = await cf.grant({ grant_type: 'password', username: world.username, password: world.password })
  expect(shapeOf(body)).toBe('access_token,token_type,refresh_token,expires_in,scope,jti')
  const deleted = await cf.send('DELETE', `/v3/packages/${known.DOCKER}`)
  const location = deleted.headers.get('location')!
  expect(location.startsWith(`${world.url}/v3/jobs/`)).toBe(true)
  expect(shapeOf(await cf.must('GET', location))).toBe(`${HEAD},operation,state,links{self},errors,warnings`)
  const { headers } = await cf.send('GET', '/v3/apps', undefined, { 'x-vcap-request-id': 'mine' })
  expect(headers.get('x-vcap-request-id')).toMatch(/^mine::[0-9a-f-]{36}$/)
  expect(headers.get('content-type')).toBe('application/json; charset=utf-8')
})
