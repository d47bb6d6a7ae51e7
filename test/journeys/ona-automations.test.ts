import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { BadRequestError, InternalServerError, PermissionDeniedError } from '@gitpod/sdk'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../support/aws-world.ts'
import { type OnaWorld, openOnaWorld, over } from '../support/ona-world.ts'

let world: OnaWorld
let environmentId: string
beforeAll(async () => {
  world = await openOnaWorld()
  environmentId = await world.environment()
})
afterAll(() => world.close())

const automations = () => world.client.environments.automations
const upsert = (automationsFile: object) => automations().upsert({ environmentId, automationsFile })
const tasksOf = async (references: string[]) =>
  (await automations().tasks.list({ filter: { environmentIds: [environmentId], references } })).tasks

async function post<Reply = unknown>(
  service: string,
  method: string,
  body: object,
  headers: Record<string, string> = {},
) {
  const init = { body: JSON.stringify(body), headers }
  const response = await world.call(`/api/gitpod.v1.${service}/${method}`, init)
  return { status: response.status, body: (await response.json()) as Reply }
}

test('a file upserted twice changes nothing the second time; many at once are one after the other', async () => {
  const file = (name: string) => ({ tasks: { shared: { name, command: `echo ${name}` } } })
  expect((await upsert(file('first'))).updatedTaskIds).toHaveLength(1)
  expect((await upsert(file('first'))).updatedTaskIds).toEqual([])
  const at = async (i: number) => {
    const own = { [`own-${i}`]: { name: 'own', command: 'true', dependsOn: ['shared'] } }
    return (await upsert({ tasks: { ...file(`name ${i}`).tasks, ...own } })).updatedTaskIds
  }
  const changed = await Promise.all([0, 1, 2, 3, 4, 5].map(at))
  expect(changed.map((ids) => ids?.length)).toEqual([2, 2, 2, 2, 2, 2])
  expect(new Set(changed.flat())).toHaveLength(7)
  const [shared] = await tasksOf(['shared'])
  expect(shared!.spec?.command).toBe(`echo ${shared!.metadata?.name}`)
})

test('what a file and a request may not say of a service is the same', async () => {
  const file = (more: object, commands: object = {}) =>
    upsert({ services: { limited: { name: 'limited', commands: { start: 'true', ...commands }, ...more } } })
  const refused: readonly [Promise<unknown>, string][] = [
    [file({ readinessTimeout: '90000s' }), 'readiness_timeout'],
    [file({ readinessTimeout: '-5s' }), 'readiness_timeout'],
    [file({}, { ready: 'a\0b' }), 'commands.ready: a NUL byte'],
    [file({}, { stop: 'x'.repeat(131_001) }), 'commands.stop: value length must be at most 131000 bytes'],
  ]
  for (const [attempt, words] of refused) {
    await expect(attempt).rejects.toBeInstanceOf(BadRequestError)
    await expect(attempt).rejects.toThrow(words)
  }
  const { updatedServiceIds: [id = ''] = [] } = await file({})
  const update = (body: object) => automations().services.update({ id, ...body })
  await expect(update({ spec: { commands: { stop: 'a\0b' } } })).rejects.toThrow('commands.stop: a NUL byte')
  await expect(update({ status: { phase: 'SERVICE_PHASE_RUNNING' } })).rejects.toBeInstanceOf(PermissionDeniedError)
  await update({ status: { output: { port: '8080' } } })
  const { service } = await automations().services.retrieve({ id })
  expect(service.status).toMatchObject({ phase: 'SERVICE_PHASE_STOPPED', output: { port: '8080' } })
})

test('a service that was deleted, alone or with its environment, leaves nothing to start', async () => {
  const id = await world.environment()
  const started = async (reference: string): Promise<string> => {
    const spec = { commands: { start: 'sleep 100' } }
    const { service } = await automations().services.create({
      environmentId: id,
      metadata: { reference, name: reference },
      spec,
    })
    await automations().services.start({ id: service.id })
    return service.id
  }
  const [alone, together] = [await started('alone'), await started('together')]
  const known = async () => (await world.engineTasks()).join()
  expect(await known()).toContain(alone)
  await automations().services.delete({ id: alone })
  expect(await known()).not.toContain(alone)
  expect(await known()).toContain(together)
  await world.client.environments.delete({ environmentId: id })
  await until(known, (names) => !names.includes(together))
})

test('versions of a service’s status can be compared as numbers', async () => {
  const { updatedServiceIds: [id = ''] = [] } = await upsert({
    services: { counted: { name: 'counted', commands: { start: 'sleep 100' } } },
  })
  const read = async () => (await automations().services.retrieve({ id })).service.status!
  const versions = [Number((await read()).statusVersion)]
  const wait = async (phase: string) =>
    versions.push(Number((await until(read, (s) => s.phase === phase)).statusVersion))
  await automations().services.start({ id })
  await wait('SERVICE_PHASE_RUNNING')
  await automations().services.update({ id, status: { output: { a: '1' } } })
  versions.push(Number((await read()).statusVersion))
  await automations().services.stop({ id })
  await wait('SERVICE_PHASE_STOPPED')
  expect(versions.every(Number.isSafeInteger)).toBe(true)
  expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b))
})

test('tasks are found by id and by reference wherever they are', async () => {
  await upsert({ tasks: { 'found-1': { name: 'a', command: 'true' }, 'found-2': { name: 'b', command: 'true' } } })
  const [one, two] = await tasksOf(['found-1', 'found-2'])
  const { tasks } = automations()
  const names = async (filter: object, pageSize = 25) =>
    (await tasks.list({ filter, pageSize })).tasks.map((t) => t.metadata?.reference)
  const nobody = '00000000-0000-4000-8000-000000000000'
  expect(await names({ taskIds: [two!.id, one!.id, nobody] })).toEqual(['found-1', 'found-2'])
  expect(await names({ taskIds: [two!.id, one!.id] }, 1)).toEqual(['found-1'])
  expect(await names({ references: ['found-2'] })).toEqual(['found-2'])
  expect(await names({ references: ['found-2'], taskIds: [one!.id] })).toEqual([])
  expect(await names({ taskIds: [nobody] })).toEqual([])
})

test('why something failed is said in the user’s nouns', async () => {
  const failures = async (file: object) => {
    await upsert(file)
    const [task] = await tasksOf(['needs'])
    const { taskExecution } = await automations().tasks.start({ id: task!.id })
    const { status } = await over(world.client, taskExecution.id)
    return [status!.failureMessage, status!.steps!.map((s) => s.failureMessage)]
  }
  const with_ = (reference: string, commands: object) => ({
    services: { [reference]: { name: `The ${reference}`, commands } },
    tasks: { needs: { name: 'needs', command: 'true', dependsOn: [reference] } },
  })
  expect(await failures(with_('broken', { start: 'exit 4', ready: 'true' }))).toEqual([
    'step broken: service The broken failed before it was ready: exited with code 4',
    ['service The broken failed before it was ready: exited with code 4'],
  ])
  expect(await failures(with_('brief', { start: 'true', ready: 'false' }))).toEqual([
    'step brief: service The brief ended before it was ready',
    ['service The brief ended before it was ready'],
  ])
  const source = { valueFrom: { secretRef: { id: environmentId } } }
  const { body } = await post<{ readonly task: { readonly id: string } }>(
    'EnvironmentAutomationService',
    'CreateTask',
    {
      environmentId,
      metadata: { reference: 'secretive', name: 'secretive' },
      spec: { command: 'true', env: [{ name: 'PASSWORD', ...source }] },
    },
  )
  const { taskExecution } = await automations().tasks.start({ id: body.task.id })
  expect((await over(world.client, taskExecution.id)).status?.failureMessage).toBe(
    'the secret that the variable PASSWORD names does not exist',
  )
})

test('a service that a trigger and a task start at once is started once, and who needs it later finds it', async () => {
  const directory = join(world.root, 'both')
  await mkdir(join(directory, '.ona'), { recursive: true })
  await chmod(directory, 0o777)
  const file = `services:
  db: {triggeredBy: [postEnvironmentStart], commands: {start: sleep 100, ready: "true"}}
tasks:
  setup: {triggeredBy: [postDevcontainerStart], dependsOn: [db], command: "true"}
  seed: {dependsOn: [db], command: "true"}`
  await writeFile(join(directory, '.ona/automations.yaml'), file)
  const id = await world.environment(pathToFileURL(directory).href)
  const { tasks, services } = automations()
  const setup = await until(
    async () => (await tasks.executions.list({ filter: { environmentIds: [id] } })).taskExecutions[0],
    (e) => e !== undefined,
  )
  expect((await over(world.client, setup!.id)).status?.phase).toBe('TASK_EXECUTION_PHASE_SUCCEEDED')
  const [seed] = (await tasks.list({ filter: { environmentIds: [id], references: ['seed'] } })).tasks
  const { taskExecution } = await tasks.start({ id: seed!.id })
  expect((await over(world.client, taskExecution.id)).status?.phase).toBe('TASK_EXECUTION_PHASE_SUCCEEDED')
  const [db] = (await services.list({ filter: { environmentIds: [id] } })).services
  expect(db!.status).toMatchObject({ phase: 'SERVICE_PHASE_RUNNING' })
  await services.stop({ id: db!.id })
  const stopped = await until(
    async () => (await services.retrieve({ id: db!.id })).service.status!,
    ({ phase }) => phase === 'SERVICE_PHASE_STOPPED',
  )
  expect(stopped.session).toBe(db!.status!.session)
})

test('an environment tells who used it last, says what it cannot change, and takes nothing new when it goes', async () => {
  const id = await world.environment()
  const { environments } = world.client
  const activitySignal = { source: 'VS Code', timestamp: '2026-11-22T08:00:00Z' }
  await environments.markActive({ environmentId: id, activitySignal })
  expect((await environments.retrieve({ environmentId: id })).environment.status?.activitySignal).toEqual(
    activitySignal,
  )
  await expect(environments.markActive({ environmentId: id, activitySignal: { source: 'x' } })).rejects.toThrow(
    'source',
  )
  const timeout = environments.update({ environmentId: id, spec: { timeout: { disconnected: '60s' } } })
  await expect(timeout).rejects.toBeInstanceOf(InternalServerError)
  await expect(timeout).rejects.toThrow('spec.timeout cannot be changed')
  await environments.update({ environmentId: id, metadata: { name: 'renamed' }, spec: { timeout: null } })
  expect((await environments.retrieve({ environmentId: id })).environment.metadata?.name).toBe('renamed')
  await automations().services.create({
    environmentId: id,
    metadata: { reference: 'slow', name: 'slow' },
    spec: { commands: { start: 'sleep 100', stop: 'sleep 1' } },
  })
  const [slow] = (await automations().services.list({ filter: { environmentIds: [id] } })).services
  await automations().services.start({ id: slow!.id })
  await until(
    async () => (await automations().services.retrieve({ id: slow!.id })).service.status?.phase,
    (phase) => phase === 'SERVICE_PHASE_RUNNING',
  )
  await environments.delete({ environmentId: id })
  const late = { environmentId: id, metadata: { reference: 'late', name: 'late' }, spec: { command: 'true' } }
  await expect(automations().tasks.create(late)).rejects.toThrow('is being deleted')
  await expect(automations().upsert({ environmentId: id, automationsFile: {} })).rejects.toThrow('is being deleted')
})

test('who changes at once what depends on what makes no circle and no dependency on nothing', async () => {
  const { tasks } = automations()
  const make = async (reference: string, dependsOn: string[] = []) => {
    const metadata = { reference, name: reference }
    return (await tasks.create({ environmentId, metadata, spec: { command: 'true' }, dependsOn })).task.id
  }
  const [a, b] = [await make('circle-a'), await make('circle-b')]
  const turns = await Promise.allSettled([
    tasks.update({ id: a, dependsOn: [b] }),
    tasks.update({ id: b, dependsOn: [a] }),
  ])
  expect(turns.map((turn) => turn.status).sort()).toEqual(['fulfilled', 'rejected'])
  for (let i = 0; i < 5; i++) {
    const id = await make(`going-${i}`)
    const both = await Promise.allSettled([tasks.delete({ id }), make(`needing-${i}`, [id])])
    expect(both.map((one) => one.status).sort()).toEqual(['fulfilled', 'rejected'])
  }
})

test('what an environment cannot be made from is refused by the field that names it', async () => {
  const init = (url: string) => ({ specs: [{ contextUrl: { url } }] })
  const cases: readonly [string, string, object, string][] = [
    [
      'EnvironmentService',
      'CreateEnvironment',
      { spec: { content: { initializer: init('ext::id') } } },
      'spec.content.initializer.specs[0].context_url.url: ',
    ],
    [
      'EnvironmentService',
      'CreateEnvironment',
      { spec: { automationsFile: { automationsFilePath: '/etc/x' } } },
      'spec.automations_file.automations_file_path: ',
    ],
    [
      'EnvironmentService',
      'UpdateEnvironment',
      { environmentId, spec: { automationsFile: { automationsFilePath: '../x' } } },
      'spec.automations_file.automations_file_path: ',
    ],
    [
      'ProjectService',
      'CreateProject',
      { name: 'p', initializer: init('ext::id') },
      'initializer.specs[0].context_url.url: ',
    ],
    ['RunnerService', 'ParseContextURL', { contextUrl: 'ext::id' }, 'context_url: '],
    ['RunnerService', 'ParseContextURL', { contextUrl: 'https://a.example/b/tree/a b%' }, 'context_url: '],
  ]
  for (const [service, method, body, words] of cases) {
    const answer = await post<{ readonly message: string }>(service, method, body)
    expect([method, answer.status, answer.body.message.startsWith(words)]).toEqual([method, 400, true])
  }
})

test('the token of one environment makes no other', async () => {
  const { body } = await post<{ readonly accessToken: string }>('EnvironmentService', 'CreateEnvironmentAccessToken', {
    environmentId,
  })
  const own = { authorization: `Bearer ${body.accessToken}` }
  expect((await post('EnvironmentService', 'CreateEnvironment', { spec: {} }, own)).status).toBe(403)
  expect((await post('EnvironmentAutomationService', 'ListTasks', {}, own)).status).toBe(200)
})
