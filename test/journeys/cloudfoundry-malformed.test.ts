/** Whatever is sent: Cloud Controller's error object with the right code, never a 500, never a write outside a droplet. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { OPERATIONS } from '../../src/faces/cloudfoundry/operations/table.ts'
import type { CfClient } from '../support/cf-client.ts'
import { type CfWorld, dropletOf, openCfWorld, zipWithEntry } from '../support/cf-world.ts'

let world: CfWorld
let cf: CfClient
let app: string

beforeAll(async () => {
  world = await openCfWorld()
  cf = world.admin
  app = await cf.pushDroplet('demo', dropletOf({ 'a.sh': 'true\n' }))
}, 60_000)
afterAll(() => world?.close())

const C = { command: 'true' }
const CASES: readonly (readonly [string, unknown, number, number, string])[] = [
  ['no command', {}, 422, 10008, 'Command No command or template provided'],
  ['a null command', { command: null }, 422, 10008, 'Command No command or template provided'],
  ['an empty command', { command: ' ' }, 422, 10008, 'command presence'],
  ['a long command', { command: 'x'.repeat(4_097) }, 422, 10008, 'command must be shorter than 4097 characters'],
  ['unknown fields', { ...C, b: 1, a: 2 }, 422, 10008, "Unknown field(s): 'b', 'a'"],
  ['no number', { ...C, memory_in_mb: '1' }, 422, 10008, 'Memory in mb is not a number'],
  ['a fraction', { ...C, disk_in_mb: 1.5 }, 422, 10008, 'Disk in mb must be an integer'],
  [
    'more than 63 bits',
    `{"command":"true","log_rate_limit_in_bytes_per_second":9223372036854775808}`,
    422,
    10008,
    'Log rate limit in bytes per second must be less than or equal to 9223372036854775807',
  ],
  ['zero', { ...C, memory_in_mb: 0 }, 422, 10008, 'Memory in mb must be greater than 0'],
  ['too much disk', { ...C, disk_in_mb: 2_049 }, 422, 10008, 'Cannot request disk_in_mb greater than 2048'],
  [
    'two mistakes',
    { memory_in_mb: -1 },
    422,
    10008,
    'Memory in mb must be greater than 0, Command No command or template provided',
  ],
  ['a null name', { ...C, name: null }, 422, 10008, 'name format'],
  ['a name of two lines', { ...C, name: 'a\nb' }, 422, 10008, 'name format'],
  ['a droplet of nobody', { ...C, droplet_guid: 'x' }, 404, 10010, 'Droplet not found'],
  [
    'a droplet that is no text',
    { ...C, droplet_guid: 1 },
    422,
    10008,
    'Droplet guid must be a string, Droplet guid must be between 1 and 200 characters',
  ],
  [
    'a null command beside a template',
    { command: null, template: { process: { guid: 'x' } } },
    422,
    10008,
    'command presence',
  ],
  ['a process of nobody', { template: { process: { guid: 'x' } } }, 404, 350003, 'The process could not be found'],
  [
    'another user',
    { ...C, user: 'root' },
    422,
    10008,
    "user invalid (requested user 'root' not allowed, permitted users are: 'vcap')",
  ],
  ['metadata that is no object', { ...C, metadata: 1 }, 422, 10008, 'Metadata must be an object'],
  ['no object', [], 400, 1001, 'Request invalid due to parse error: invalid request body'],
  ['no JSON', '{', 400, 1001, 'Request invalid due to parse error: invalid request body'],
]

test.each(CASES)('a task with %s', async (_what, body, status, code, detail) => {
  const reply = await cf.send('POST', `/v3/apps/${app}/tasks`, body)
  expect(reply.status).toBe(status)
  expect(reply.body.errors).toEqual([{ detail, title: expect.any(String), code }])
})

const valid =
  "'page', 'per_page', 'order_by', 'created_ats', 'updated_ats', 'guids', 'names', 'states', 'app_guids', 'organization_guids', 'space_guids', 'app_guid', 'sequence_ids', 'label_selector'"
const QUERIES: readonly (readonly [string, string])[] = [
  ['/v3/tasks?foo=1', `Unknown query parameter(s): 'foo'. Valid parameters are: ${valid}`],
  ['/v3/tasks?page=0', 'Page must be a positive integer'],
  ['/v3/tasks?per_page=5001', 'Per page must be between 1 and 5000'],
  ['/v3/tasks?order_by=name', "Order by can only be: 'created_at', 'updated_at'"],
  ['/v3/tasks?label_selector=a%20b', 'Invalid label_selector value'],
  ['/v3/tasks?label_selector=', 'Missing label_selector value'],
  [`/v3/tasks?label_selector=${'a,'.repeat(50)}a`, 'Too many label_selector requirements (maximum is 50)'],
  ['/v3/tasks?sequence_ids=1', "Unknown query parameter(s): 'sequence_ids'"],
  ['APP?space_guids=x', "Unknown query parameter(s): 'space_guids'"],
  ['/v3/tasks?created_ats[near]=2026-11-22T00:00:00Z', "Created ats Invalid relational operator: 'near'"],
  [
    '/v3/tasks?updated_ats[lt]=2026-11-22T00:00:00Z,2026-11-23T00:00:00Z',
    'Updated ats only accepts one value when using a relational operator',
  ],
  [
    '/v3/apps?include=space,route,space',
    "Invalid included resource: 'route'. Valid included resources are: 'space', 'org', 'space.organization', Duplicate included resource: 'space'",
  ],
  ['/v3/spaces/SPACE?names=x', "Unknown query parameter(s): 'names'. Valid parameters are: 'include'"],
]

test.each(QUERIES)('a list with %s', async (path, detail) => {
  const address = path.replace('APP', `/v3/apps/${app}/tasks`).replace('SPACE', cf.space)
  const { status, body } = await cf.send('GET', address)
  expect(status).toBe(400)
  expect(body.errors).toEqual([
    { detail: `The query parameter is invalid: ${detail}`, title: 'CF-BadQueryParameter', code: 10005 },
  ])
})

test('variables are text, and everything that is wrong with them is told', async () => {
  const path = `/v3/apps/${app}/environment_variables`
  const refused = await cf.send('PATCH', path, { var: { A: 5, PORT: 'x', GOOD: 'y' } })
  expect([refused.status, refused.body.errors[0].detail]).toEqual([
    422,
    "Non-string value in environment variable for key 'A', value '5', Var cannot set PORT",
  ])
  expect((await cf.must('GET', path)).var).toEqual({})
})

test("of two uploads at once the second is refused, and the bits are the first one's", async () => {
  const relationships = { app: { data: { guid: app } } }
  const { guid } = await cf.must('POST', '/v3/packages', { type: 'bits', relationships })
  const archives = [zipWithEntry('a', 'one'), zipWithEntry('a', 'another')]
  const send = (bytes: Buffer) => {
    const form = new FormData()
    form.append('bits', new Blob([new Uint8Array(bytes)]), 'package.zip')
    return cf.send('POST', `/v3/packages/${guid}/upload`, form)
  }
  const replies = await Promise.all(archives.map(send))
  expect(replies.map(({ status }) => status).sort()).toEqual([200, 422])
  const bits = archives[replies.findIndex(({ status }) => status === 200)]!
  const { data } = await cf.must('GET', `/v3/packages/${guid}`)
  expect(data.checksum.value).toBe(createHash('sha256').update(bits).digest('hex'))
})

test('the largest number there is is taken, and shown as clients can read it', async () => {
  const body = '{"command":"true","log_rate_limit_in_bytes_per_second":9223372036854775807}'
  const task = await cf.must('POST', `/v3/apps/${app}/tasks`, body)
  expect(BigInt(task.log_rate_limit_in_bytes_per_second)).toBeLessThan(2n ** 63n)
  expect(task.log_rate_limit_in_bytes_per_second).toBeGreaterThan(2 ** 62)
})

test('a page far behind the end of the tasks is empty, at once', async () => {
  const page = await cf.must('GET', `/v3/apps/${app}/tasks?page=999999999`)
  expect(page.resources).toEqual([])
}, 10_000)

test('what is not there is told by its name', async () => {
  for (const [path, code, detail] of [
    ['/v3/tasks/x', 10010, 'Task not found'],
    ['/v3/apps/x/tasks', 10010, 'App not found'],
    ['/v3/droplets/x', 10010, 'Droplet not found'],
    ['/v3/nothing', 10000, 'Unknown request'],
  ] as const) {
    const { status, body } = await cf.send('GET', path)
    expect([status, body.errors[0].code, body.errors[0].detail]).toEqual([404, code, detail])
  }
})

test('buildpacks that would have to compile are refused, by manifest and by app; the binary one is not named in vain', async () => {
  const applied = async (buildpacks: string): Promise<string> => {
    const manifest = `applications:\n- name: built\n  no-route: true\n  buildpacks: [${buildpacks}]\n`
    const path = `/v3/spaces/${cf.space}/actions/apply_manifest`
    const { status, body } = await cf.send('POST', path, manifest, { 'content-type': 'application/x-yaml' })
    return status === 202 ? 'taken' : body.errors[0].detail
  }
  const unknown = 'Buildpack "ruby_buildpack" must be an existing admin buildpack or a valid git URI'
  expect(await applied('ruby_buildpack')).toBe(`For application 'built': ${unknown}`)
  expect(await applied('https://github.com/x/y')).toBe("For application 'built': Custom buildpacks are disabled")
  expect(await applied('binary_buildpack')).toBe('taken')
  const lifecycle = { type: 'buildpack', data: { buildpacks: ['ruby_buildpack'] } }
  const relationships = { space: { data: { guid: cf.space } } }
  const made = await cf.send('POST', '/v3/apps', { name: 'x', lifecycle, relationships })
  expect([made.status, made.body.errors[0].detail]).toEqual([422, unknown])
})

const UNIT = 'must use a supported unit: B, K, KB, M, MB, G, GB, T, or TB'
const MANIFESTS: readonly (readonly [manifest: string, detail: string])[] = [
  ['applications: {}', "Cannot parse manifest with no 'applications' field."],
  ['applications: [{name: first}, {memory: 1G}]', 'For application at index 1: Name must not be empty'],
  ['applications: [{name: m, memory: 64}]', `For application 'm': Process "web": Memory ${UNIT}`],
  ['applications: [{name: m, memory: much}]', `For application 'm': Process "web": Memory is not a number`],
  ['applications: [{name: m, memory: -1M}]', `For application 'm': Process "web": Memory must be greater than 0MB`],
  [
    'applications: [{name: m, processes: [{type: worker, disk_quota: 9x, instances: -1}]}, {name: n, env: [A]}]',
    `For application 'm': Process "worker": Instances must be greater than or equal to 0, For application 'm': Process "worker": Disk quota ${UNIT}, For application 'n': Env must be an object of keys and values`,
  ],
  ['applications: [{name: m, processes: [{}]}]', "For application 'm': All Processes must specify a type"],
  [
    'applications: [{name: m, processes: [{type: a}, {type: a}]}]',
    `For application 'm': Process "a" may only be present once`,
  ],
  ['applications: [{name: m, env: {VCAP_X: 1}}]', "For application 'm': Env cannot start with VCAP_"],
  [
    'applications: [{name: m, health-check-type: odd}]',
    `For application 'm': Process "web": Health check type must be "port", "process", or "http"`,
  ],
  [
    'applications: [{name: m, docker: {image: x}, buildpacks: [binary_buildpack]}]',
    "For application 'm': Cannot specify both buildpack(s) and docker keys",
  ],
  ['applications: [{name: m, services: 3}]', "For application 'm': Services must be a list of service instances"],
]

test.each(MANIFESTS)('a manifest that is refused whole: %s', async (manifest, detail) => {
  const path = `/v3/spaces/${cf.space}/actions/apply_manifest`
  const { status, body } = await cf.send('POST', path, manifest, { 'content-type': 'application/x-yaml' })
  expect([status, body.errors?.[0].detail]).toEqual([422, detail])
  expect((await cf.must('GET', '/v3/apps?names=first,m,n')).resources).toEqual([])
})

test('a manifest with merged parts, variables of any type, processes of its own and a command that is taken away', async () => {
  const path = `/v3/spaces/${cf.space}/actions/apply_manifest`
  const manifest = `applications:
- &base
  name: merged
  memory: 128M
  command: ./run
  env: { NUMBER: 1.5, FLAG: true, LIST: [1], NOTHING: ~ }
- <<: *base
  name: other
  command: null
  processes:
  - { type: web, memory: 256M, instances: 0 }
  - { type: worker, disk_quota: 1G, command: ./work, log-rate-limit-per-second: 1K }
`
  await cf.must('POST', path, manifest, { 'content-type': 'application/x-yaml' })
  const again = manifest.replace('command: ./run', 'command: "null"')
  await cf.must('POST', path, again, { 'content-type': 'application/x-yaml' })
  const { resources } = await cf.must('GET', '/v3/apps?names=merged,other&order_by=name')
  const shown: unknown[] = []
  for (const { guid } of resources)
    for (const p of (await cf.must('GET', `/v3/apps/${guid}/processes`)).resources)
      shown.push([p.type, p.command, p.memory_in_mb, p.disk_in_mb, p.instances, p.log_rate_limit_in_bytes_per_second])
  expect(shown).toEqual([
    ['web', null, 128, 1_024, 1, 1_048_576],
    ['web', null, 256, 1_024, 0, 1_048_576],
    ['worker', './work', 1_024, 1_024, 0, 1_024],
  ])
  const variables = await cf.must('GET', `/v3/apps/${resources[0].guid}/environment_variables`)
  expect(variables.var).toEqual({ NUMBER: '1.5', FLAG: 'true', LIST: '[1]', NOTHING: '' })
})

test('what is odd about a manifest is not quoted on the stderr of the server', async () => {
  const manifest = 'applications:\n- name: odd\n  env: { PASSWORD: !of hunter2 }\n  ? [hunter2]\n  : 1\n'
  const path = `/v3/spaces/${cf.space}/actions/apply_manifest`
  await cf.send('POST', path, manifest, { 'content-type': 'application/x-yaml' })
  expect(world.taskport.server.stderr()).not.toContain('hunter2')
})

/** Every route that there is, UAA's too; `:x` stands for a guid. */
const ROUTES: readonly (readonly [method: string, path: string])[] = [
  ...OPERATIONS.map(({ method, path }) => [method, path] as const),
  ['POST', '/oauth/token'],
  ['GET', '/token_keys'],
  ['POST', '/Users'],
  ['GET', '/Users'],
  ['DELETE', '/Users/:guid'],
  ['GET', '/oauth/clients/:guid'],
  ['GET', '/v3/blobs/:guid'],
]

const keys = fc.constantFrom(
  ...['name', 'type', 'metadata', 'relationships', 'template', 'var', 'apps', 'lifecycle', 'package', 'data', 'guid'],
  ...[
    'command',
    'environment_variables',
    'enabled',
    'credentials',
    'tags',
    'userName',
    'labels',
    'annotations',
    '__proto__',
  ],
)
const json: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<unknown>(null, '', 'x', 0, -1, 1e308, true, [], {}, 'docker', 'bits', 'user-provided', '\u0000'),
    fc.array(tie('value'), { maxLength: 2 }),
    fc.dictionary(keys, tie('value'), { maxKeys: 4 }),
  ),
})).value
const body = fc.oneof(
  json.map((value) => JSON.stringify(value)),
  fc.string(),
  fc.constant('{"a":'),
)
const query = fc.constantFrom(
  ...['', '?page=0', '?page=999999999', '?per_page=x', '?order_by=%00', '?label_selector=(', '?names=,,', '?guids=%ff'],
  ...['?created_ats[gt]=x', '?include=user,x', '?source_guid=x', '?limit=-1', '?start_time=x', '?token=a.b', '?x=1'],
)
const types = fc.constantFrom(
  'application/json',
  'application/x-yaml',
  'multipart/form-data',
  'multipart/form-data; boundary=b',
  'x',
)
const guid = fc.constantFrom('x', '%00', '..%2f..%2fx', 'APP', 'SPACE', 'ORG', 'TASK', 'z'.repeat(300))

test('every route: whatever is sent is taken, or refused by an error object, never a fault of ours', async () => {
  const task = (await cf.run(app, { command: 'true' })).guid
  const known: Readonly<Record<string, string>> = { APP: app, SPACE: cf.space, ORG: cf.org, TASK: task }
  const ruins = (method: string, path: string): boolean =>
    method === 'DELETE' && Object.values(known).some((one) => path.endsWith(one))
  const asked = fc.record({ route: fc.constantFrom(...ROUTES), guid, query, body, type: types })
  const seen = new Set<string>()
  await fc.assert(
    fc.asyncProperty(asked, async ({ route: [method, pattern], guid, query, body, type }) => {
      const path = pattern.replaceAll(/:\w+/g, known[guid] ?? guid)
      fc.pre(!ruins(method, path))
      const reply = await cf.send(method, path + query, method === 'GET' ? undefined : body, { 'content-type': type })
      expect(reply.status, `${method} ${path}${query} ${body}`).toBeLessThan(500)
      if (reply.status >= 400) expectError(reply.body, path)
      seen.add(`${method} ${pattern}`)
    }),
    { numRuns: 1_500, ...(process.env.CF_SEED && { seed: Number(process.env.CF_SEED) }) },
  )
  // Enough of them were asked for the rule to mean something.
  expect(seen.size).toBeGreaterThan(ROUTES.length * 0.9)
}, 120_000)

/** Cloud Controller's object with its keys in its order; version 2 of the API and UAA have their own. */
function expectError(body: { errors?: readonly object[] } | undefined, path = ''): void {
  if (path.startsWith('/v2/')) return expect(Object.keys(body!)).toEqual(['description', 'error_code', 'code'])
  if (body?.errors === undefined) return expect(Object.keys(body!)).toEqual(['error', 'error_description'])
  expect(body.errors.length).toBe(1)
  expect(Object.keys(body.errors[0]!)).toEqual(['detail', 'title', 'code'])
  expect(body.errors[0]).toMatchObject({
    detail: expect.any(String),
    title: expect.any(String),
    code: expect.any(Number),
  })
}

const stagedBits = async (name: string, archive: Buffer): Promise<string> =>
  cf.pushBits(name, archive).then(
    () => 'staged',
    (error: Error) => error.message,
  )

test('archives that are broken or lead out of the droplet fail their staging and write nothing', async () => {
  expect(await stagedBits('broken', Buffer.from('PK no zip at all'))).toMatch(/staging failed: BuildpackCompileFailed/)
  const out = `/tmp/taskport-slipped-${process.pid}`
  expect(await stagedBits('slip', zipWithEntry(`../../../..${out}`, 'x'))).toMatch(/staging failed/)
  expect(existsSync(out)).toBe(false)
  await expect(cf.pushDroplet('no-tar', Buffer.from('nothing'))).rejects.toThrow(/BuildpackCompileFailed/)
}, 60_000)

test('an upload that is no form, or breaks off, is refused and may be tried again', async () => {
  const droplet = await cf.must('POST', '/v3/droplets', { relationships: { app: { data: { guid: app } } } })
  const path = `/v3/droplets/${droplet.guid}/upload`
  const cut = '--b\r\ncontent-disposition: form-data; name="bits"; filename="x"\r\n\r\nhalf'
  const broken = await cf.send('POST', path, cut, { 'content-type': 'multipart/form-data; boundary=b' })
  expect([broken.status, broken.body.errors[0].code]).toEqual([400, 1001])
  expect((await cf.send('POST', path, {})).status).toBe(400)
  expect((await cf.must('GET', `/v3/droplets/${droplet.guid}`)).state).toBe('AWAITING_UPLOAD')
})
