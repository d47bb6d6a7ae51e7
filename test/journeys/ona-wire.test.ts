import { gzipSync } from 'node:zlib'
import { Code, createClient, type Interceptor } from '@connectrpc/connect'
import { createConnectTransport } from '@connectrpc/connect-node'
import { waitForEnvironmentRunning } from '@gitpod/sdk/lib/environment'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  EnvironmentAutomationService,
  TaskExecutionPhase,
} from '../../src/faces/ona/gen/gitpod/v1/environment_automation_pb.js'
import { EnvironmentPhase, EnvironmentService } from '../../src/faces/ona/gen/gitpod/v1/environment_pb.js'
import { EventService, ResourceType } from '../../src/faces/ona/gen/gitpod/v1/event_pb.js'
import { EnvironmentOpsService, WriteMode } from '../../src/faces/ona/gen/supervisor/v1/environment_ops_pb.js'
import { until } from '../support/aws-world.ts'
import { type OnaWorld, openOnaWorld, over } from '../support/ona-world.ts'

let world: OnaWorld
let environmentId: string
beforeAll(async () => {
  world = await openOnaWorld()
  environmentId = await world.environment()
})
afterAll(() => world.close())

const SERVICE = '/api/gitpod.v1.EnvironmentAutomationService'

function transport(baseUrl: string, options: { json?: boolean; get?: boolean; token?: string } = {}) {
  const authorize: Interceptor = (next) => (request) => {
    request.header.set('authorization', `Bearer ${options.token ?? world.token}`)
    return next(request)
  }
  return createConnectTransport({
    baseUrl,
    httpVersion: '1.1',
    useBinaryFormat: options.json !== true,
    useHttpGet: options.get === true,
    interceptors: [authorize],
  })
}

const newTask = (reference: string, command: string) => ({
  environmentId,
  metadata: { reference, name: reference },
  spec: { command },
})

test.each([
  ['binary', {}],
  ['Connect JSON', { json: true }],
  ['GET where nothing changes', { get: true }],
] as const)('a Connect client made from our protos runs a task in %s', async (name, options) => {
  const client = createClient(EnvironmentAutomationService, transport(`${world.url}/api`, options))
  const reference = name.replace(/\W/g, '-')
  const { task } = await client.createTask(newTask(reference, 'echo "$WHO"; echo K=v >> "$TASKPORT_OUTPUTS"'))
  const env = [{ name: 'WHO', source: { case: 'value' as const, value: 'me' } }]
  await client.updateTask({ id: task!.id, spec: { env } })
  const { taskExecution } = await client.startTask({ id: task!.id })
  const read = async () => (await client.getTaskExecution({ id: taskExecution!.id })).taskExecution!
  const versions: bigint[] = []
  const ended = await until(read, (e) => {
    versions.push(e.status!.statusVersion)
    return e.status!.phase === TaskExecutionPhase.SUCCEEDED
  })
  expect(versions).toEqual([...versions].sort((a, b) => Number(a - b)))
  expect(ended.status!.steps[0]).toMatchObject({ output: { K: 'v' } })
  const found = await client.listTaskExecutions({
    filter: { taskReferences: [reference], phases: [TaskExecutionPhase.SUCCEEDED] },
  })
  expect(found.taskExecutions.map((e) => e.id)).toEqual([ended.id])
  await expect(client.createTask(newTask(reference, 'true'))).rejects.toMatchObject({ code: Code.AlreadyExists })
})

test('events reach all three dialects, and the first bytes come at once', async () => {
  const seen = { binary: [] as string[], lines: [] as string[], sdk: [] as string[] }
  const stop = new AbortController()
  const nameOf = (type: unknown, id: string): string => `${typeof type === 'number' ? ResourceType[type] : type} ${id}`
  const events = createClient(EventService, transport(`${world.url}/api`))
  const binary = events
    .watchEvents({ scope: { case: 'environmentId', value: environmentId } }, { signal: stop.signal })
    [Symbol.asyncIterator]()
  expect((await binary.next()).value).toMatchObject({ resourceId: '' })
  const lines = await world.call('/api/gitpod.v1.EventService/WatchEvents', {
    body: JSON.stringify({ environmentId }),
    headers: { accept: 'application/jsonl' },
    signal: stop.signal,
  })
  expect(lines.headers.get('content-type')).toBe('application/jsonl')
  const sdk = await world.client.events.watch({ environmentId }, { signal: stop.signal })
  const ended = [
    (async () => {
      for (let e = await binary.next(); !e.done; e = await binary.next())
        seen.binary.push(nameOf(e.value.resourceType, e.value.resourceId))
    })(),
    (async () => {
      let text = ''
      for await (const part of lines.body!) {
        text += Buffer.from(part).toString()
        seen.lines = text
          .split('\n')
          .slice(0, -1)
          .map((line) => JSON.parse(line))
          .map((e) => nameOf(e.resourceType?.replace('RESOURCE_TYPE_', ''), e.resourceId))
      }
    })(),
    (async () => {
      for await (const e of sdk)
        seen.sdk.push(nameOf(e.resourceType?.replace('RESOURCE_TYPE_', ''), e.resourceId ?? ''))
    })(),
  ].map((p) => p.catch(() => undefined))
  const client = createClient(EnvironmentAutomationService, transport(`${world.url}/api`))
  const { task } = await client.createTask(newTask('watched', 'true'))
  const { taskExecution } = await client.startTask({ id: task!.id })
  await over(world.client, taskExecution!.id)
  const all = async () => seen
  const wanted = [`TASK ${task!.id}`, `TASK_EXECUTION ${taskExecution!.id}`]
  await until(all, (s) => [s.binary, s.lines, s.sdk].every((names) => wanted.every((name) => names.includes(name))))
  stop.abort()
  await Promise.all(ended)
})

test('an environment’s endpoint runs commands and keeps files, binary content and all', async () => {
  const environments = createClient(EnvironmentService, transport(`${world.url}/api`))
  const { environment } = await environments.getEnvironment({ environmentId })
  expect(environment!.status!.phase).toBe(EnvironmentPhase.RUNNING)
  const { accessToken } = await environments.createEnvironmentAccessToken({ environmentId })
  const ops = createClient(
    EnvironmentOpsService,
    transport(environment!.status!.environmentUrls!.ops, { token: accessToken }),
  )
  const content = Uint8Array.from({ length: 3_000 }, (_, i) => i % 256)
  expect(await ops.writeFile({ path: 'bytes.bin', content })).toMatchObject({ bytesWritten: 3_000n })
  const { result } = await ops.readFile({ path: 'bytes.bin', offset: 10n, length: 500n })
  expect(result.case === 'content' && Buffer.from(result.value.data)).toEqual(Buffer.from(content.slice(10, 510)))
  expect(result.case === 'content' && result.value.totalSize).toBe(3_000n)
  const listed = (await ops.readFile({ path: '.' })).result
  expect(listed.case === 'directory' && listed.value.entries.map((e) => e.path)).toContain('./bytes.bin')
  await expect(ops.writeFile({ path: 'bytes.bin', mode: WriteMode.CREATE })).rejects.toMatchObject({
    code: Code.AlreadyExists,
  })
  await expect(ops.readFile({ path: 'nothing' })).rejects.toMatchObject({ code: Code.NotFound })
  await expect(ops.writeFile({ path: 'no/such/place', content })).rejects.toThrow('no/such/place: No such file')
  await expect(ops.readFile({ path: '' })).rejects.toThrow('path: value length must be at least 1')
  const once = { operationId: 'op-1', command: 'echo out; echo err >&2; echo x >> runs; exit 7', timeoutSeconds: 20 }
  expect(await ops.exec(once)).toMatchObject({ exitCode: 7, stdout: 'out\n', stderr: 'err\n' })
  expect(await ops.exec(once)).toMatchObject({ exitCode: 7 })
  expect(await ops.exec({ command: 'cat runs' })).toMatchObject({ stdout: 'x\n' })
  expect(await ops.exec({ command: 'sleep 60', timeoutSeconds: 1 })).toMatchObject({ exitCode: 124 })
})

const post = (method: string, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
  world.call(`${SERVICE}/${method}`, { body, headers })
const codeOf = async (response: Response): Promise<string> =>
  ((await response.json()) as { readonly code: string }).code

test('what is wrong is refused with the vendor’s code, and says whether to ask again', async () => {
  const id = '00000000-0000-4000-8000-000000000000'
  const many = Array.from({ length: 26 }, () => id)
  const cases: readonly [string, string, number, string][] = [
    ['ListTasks', '{', 400, 'invalid_argument'],
    ['ListTasks', '[1]', 400, 'invalid_argument'],
    ['ListTasks', '{"pagination":{"pageSize":101}}', 400, 'invalid_argument'],
    ['ListTasks', '{"pagination":{"pageSize":-1}}', 400, 'invalid_argument'],
    ['ListTasks', '{"pagination":{"token":"nonsense"}}', 400, 'invalid_argument'],
    ['ListTasks', JSON.stringify({ filter: { taskIds: many } }), 400, 'invalid_argument'],
    ['GetTask', '{"id":"no-uuid"}', 400, 'invalid_argument'],
    ['GetTask', `{"id":"${id}"}`, 404, 'not_found'],
    ['StartTask', `{"id":"${id}"}`, 404, 'not_found'],
    [
      'CreateTask',
      JSON.stringify({ environmentId, metadata: { reference: 'no spaces', name: 'x' } }),
      400,
      'invalid_argument',
    ],
    ['CreateTask', JSON.stringify({ environmentId, metadata: { reference: 'x' } }), 400, 'invalid_argument'],
    ['NoSuchMethod', '{}', 501, 'unimplemented'],
  ]
  for (const [method, body, status, code] of cases) {
    const response = await post(method, body)
    expect([method, body, response.status, await codeOf(response)]).toEqual([method, body, status, code])
    if (status === 501) expect(response.headers.get('x-should-retry')).toBe('false')
  }
  const stranger = await post('ListTasks', '{}', { authorization: 'Bearer wrong' })
  expect([stranger.status, await codeOf(stranger)]).toEqual([401, 'unauthenticated'])
  const unknown = await post('ListTasks', '{"unknown":{"field":1},"filter":null}')
  expect(await unknown.json()).toMatchObject({ pagination: { nextToken: '' }, tasks: expect.any(Array) })
})

test('binary requests are refused with the same codes, malformed ones among them', async () => {
  const client = createClient(EnvironmentAutomationService, transport(`${world.url}/api`))
  const id = '00000000-0000-4000-8000-000000000000'
  const many = Array.from({ length: 26 }, () => id)
  const invalid = { code: Code.InvalidArgument }
  await expect(client.listTasks({ pagination: { pageSize: 101 } })).rejects.toMatchObject(invalid)
  await expect(client.listServices({ filter: { serviceIds: many } })).rejects.toMatchObject(invalid)
  await expect(client.listTaskExecutions({ filter: { taskIds: many } })).rejects.toMatchObject(invalid)
  await expect(client.listTaskExecutions({ filter: { taskIds: ['x'] } })).rejects.toMatchObject(invalid)
  await expect(client.stopTaskExecution({ id: 'x' })).rejects.toMatchObject(invalid)
  await expect(client.getService({ id })).rejects.toMatchObject({ code: Code.NotFound })
  for (const bytes of [[0xff], [0x0a, 0x05, 0x61], [0x0b], [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]]) {
    const response = await post('GetTask', Uint8Array.from(bytes), {
      'content-type': 'application/proto',
    })
    expect([bytes, response.status, await codeOf(response)]).toEqual([bytes, 400, 'invalid_argument'])
  }
})

test('the SDK’s own helper sees an environment come up: no empty list of failures, whatever the client can decompress', async () => {
  await waitForEnvironmentRunning(world.client, environmentId)
  const raw = async (encoding: string) =>
    (
      await world.call('/api/gitpod.v1.EnvironmentService/GetEnvironment', {
        body: JSON.stringify({ environmentId }),
        headers: { 'accept-encoding': encoding },
      })
    ).text()
  for (const encoding of ['gzip, deflate', 'br', 'identity']) {
    const { environment } = JSON.parse(await raw(encoding))
    expect(environment.status).toMatchObject({ phase: 'ENVIRONMENT_PHASE_RUNNING', warningMessage: [] })
    expect(environment.status).not.toHaveProperty('failureMessage')
  }
})

test('a word that no enum has is refused where it would widen an answer, however it is sent', async () => {
  const unknown = { filter: { phases: ['TASK_EXECUTION_PHASE_NO'] } }
  const text = JSON.stringify(unknown)
  const query = new URLSearchParams({ connect: 'v1', encoding: 'json', message: text })
  const refused = [
    await post('ListTaskExecutions', text),
    await post('ListTaskExecutions', Uint8Array.from(gzipSync(text)), { 'content-encoding': 'gzip' }),
    await world.call(`${SERVICE}/ListTaskExecutions?${query}`, { method: 'GET' }),
    await post('ListTaskExecutions', '{"filter":{"phases":[99]}}'),
  ]
  for (const response of refused)
    expect([response.status, await response.json()]).toEqual([
      400,
      { code: 'invalid_argument', message: 'filter.phases[0]: value must be one of the defined enum values' },
    ])
  const binary = createClient(EnvironmentAutomationService, transport(`${world.url}/api`))
  await expect(binary.listTaskExecutions({ filter: { phases: [99 as number] } })).rejects.toThrow('filter.phases[0]')
  await expect(binary.listServices({ filter: { roles: [99 as number] } })).rejects.toThrow('filter.roles[0]')
  const nobody = await post('ListTaskExecutions', '{"filter":{"phases":["TASK_EXECUTION_PHASE_UNSPECIFIED"]}}')
  expect(await nobody.json()).toEqual({ pagination: { nextToken: '' }, taskExecutions: [] })
  const environments = await world.call('/api/gitpod.v1.EnvironmentService/ListEnvironments', {
    body: '{"filter":{"statusPhases":["RUNNING"]}}',
  })
  expect(await environments.json()).toMatchObject({ message: expect.stringContaining('filter.status_phases[0]') })
  const metadata = { reference: 'roles', name: 'roles', role: 'SERVICE_ROLE_NO' }
  const role = await post(
    'CreateService',
    JSON.stringify({ environmentId, metadata, spec: { commands: { start: 'true' } } }),
  )
  expect(await role.json()).toMatchObject({ message: expect.stringContaining('metadata.role') })
})

test('environments are listed by what the filter names, and by nothing else', async () => {
  const list = async (filter: object): Promise<number> => {
    const body = JSON.stringify({ filter })
    const response = await world.call('/api/gitpod.v1.EnvironmentService/ListEnvironments', { body })
    return ((await response.json()) as { readonly environments: unknown[] }).environments.length
  }
  const { environment } = await world.client.environments.retrieve({ environmentId })
  const all = await list({})
  expect(await list({ runnerIds: [environment.metadata!.runnerId!] })).toBe(all)
  expect(await list({ runnerIds: [environmentId] })).toBe(0)
  expect(await list({ archivalStatus: 'ARCHIVAL_STATUS_ARCHIVED' })).toBe(0)
  expect(await list({ archivalStatus: 'ARCHIVAL_STATUS_ALL' })).toBe(all)
})

test('a compressed request is read like any other, and refused like any other', async () => {
  const gzip = { 'content-encoding': 'gzip' }
  const metadata = { reference: 'pressed', name: 'p', triggeredBy: [{ manual: true, prebuild: true }] }
  const made = await post('CreateTask', Uint8Array.from(gzipSync(JSON.stringify({ environmentId, metadata }))), gzip)
  expect(await made.json()).toMatchObject({
    task: { metadata: { triggeredBy: [{ manual: true }, { prebuild: true }] } },
  })
  const garbage: readonly [Uint8Array<ArrayBuffer>, string][] = [
    [Uint8Array.from(gzipSync(Uint8Array.of(0xff))), 'application/proto'],
    [Uint8Array.from([1, 2, 3]), 'application/proto'],
    [Uint8Array.from([1, 2, 3]), 'application/json'],
  ]
  for (const [bytes, type] of garbage) {
    const response = await post('GetTask', bytes, { ...gzip, 'content-type': type })
    expect([response.status, await codeOf(response)]).toEqual([400, 'invalid_argument'])
  }
  const bomb = gzipSync(Buffer.alloc(17 * 1024 * 1024, 32))
  const large = await post('GetTask', Uint8Array.from(bomb), gzip)
  expect([large.status, await codeOf(large), large.headers.get('x-should-retry')]).toEqual([
    429,
    'resource_exhausted',
    'false',
  ])
})

test('what no method takes is refused without a body: another type, another verb', async () => {
  const shape = (response: Response) => [response.status, response.headers.get('content-type')]
  expect(shape(await post('GetTask', '{}', { 'content-type': 'text/plain' }))).toEqual([415, null])
  const put = await world.call(`${SERVICE}/GetTask`, { method: 'PUT', body: '{}' })
  expect([...shape(put), put.headers.get('allow')]).toEqual([405, null, 'POST'])
})

test('a watch that cannot be is refused before it begins', async () => {
  const lines = (body: string) =>
    world.call('/api/gitpod.v1.EventService/WatchEvents', { body, headers: { accept: 'application/jsonl' } })
  for (const body of ['{"environmentId":5}', `{"organization":true,"environmentId":"${environmentId}"}`, '{']) {
    const response = await lines(body)
    expect([body, response.status, await codeOf(response)]).toEqual([body, 400, 'invalid_argument'])
  }
})

test('a call that takes longer than its client waits is answered so', async () => {
  const { environment } = await world.client.environments.retrieve({ environmentId })
  const ops = (environment.status!.environmentUrls as { readonly ops: string }).ops
  const client = createClient(EnvironmentOpsService, transport(ops, { json: true }))
  await expect(client.exec({ command: 'sleep 60' }, { timeoutMs: 500 })).rejects.toMatchObject({
    code: Code.DeadlineExceeded,
  })
  const own = await fetch(`${ops}/supervisor.v1.EnvironmentOpsService/Exec`, {
    method: 'POST',
    body: '{"command":"sleep 60"}',
    headers: {
      authorization: `Bearer ${world.token}`,
      'content-type': 'application/json',
      'connect-timeout-ms': '300',
    },
  })
  expect([own.status, await codeOf(own)]).toEqual([504, 'deadline_exceeded'])
})

test('a trigger object may carry every flag, as the older SDK’s own examples do', async () => {
  const flags = { manual: true, prebuild: false, postEnvironmentStart: true, postDevcontainerStart: false }
  const metadata = { reference: 'flags', name: 'flags', triggeredBy: [flags] }
  const { task } = await world.client.environments.automations.tasks.create({
    environmentId,
    metadata,
    spec: { command: 'true' },
  })
  expect(task.metadata?.triggeredBy).toEqual([{ manual: true }, { postEnvironmentStart: true }])
  const wrong = { reference: 'no-flag', name: 'x', triggeredBy: [{ manual: 'yes' }] }
  const response = await post('CreateTask', JSON.stringify({ environmentId, metadata: wrong }))
  expect([response.status, await codeOf(response)]).toEqual([400, 'invalid_argument'])
})

test('no bytes, in either encoding, are ever our own fault', async () => {
  const methods = Object.values(EnvironmentAutomationService.method).map((m) => m.name)
  const types = ['application/json', 'application/proto', 'application/connect+proto', 'text/plain']
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...methods),
      fc.constantFrom(...types),
      fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        fc.json().map((text) => new TextEncoder().encode(text)),
      ),
      async (method, type, bytes) => {
        const response = await world.call(`${SERVICE}/${method}`, {
          body: Buffer.from(bytes),
          headers: { 'content-type': type },
        })
        await response.arrayBuffer()
        expect(response.status === 501 || response.status < 500).toBe(true)
      },
    ),
    { numRuns: 150 },
  )
})
