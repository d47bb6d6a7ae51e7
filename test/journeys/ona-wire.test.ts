import { Code, createClient, type Interceptor } from '@connectrpc/connect'
import { createConnectTransport } from '@connectrpc/connect-node'
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

test('a trigger object may carry every flag, as the older SDK’s own examples do', async () => {
  const flags = { manual: true, prebuild: false, postEnvironmentStart: true, postDevcontainerStart: false }
  const metadata = { reference: 'flags', name: 'flags', triggeredBy: [flags] }
  const { task } = await world.client.environments.automations.tasks.create({
    environmentId,
    metadata,
    spec: { command: 'true' },
  })
  expect(task.metadata?.triggeredBy).toEqual([{ manual: true }, { postEnvironmentStart: true }])
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
