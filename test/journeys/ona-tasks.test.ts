import Gitpod, {
  AuthenticationError,
  BadRequestError,
  ConflictError,
  InternalServerError,
  NotFoundError,
} from '@gitpod/sdk'
import { runCommand, runService } from '@gitpod/sdk/lib/automation'
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

async function task(reference: string, command: string, dependsOn: string[] = []): Promise<string> {
  const metadata = { reference, name: reference }
  const { task: made } = await automations().tasks.create({ environmentId, metadata, spec: { command }, dependsOn })
  return made.id
}

const run = async (id: string) => over(world.client, (await automations().tasks.start({ id })).taskExecution.id)

async function logOf(url: string): Promise<string> {
  const { accessToken } = await world.client.environments.createLogsToken({ environmentId })
  return (await fetch(url, { headers: { authorization: `Bearer ${accessToken}` } })).text()
}

test('runCommand of the unmodified SDK gives every line a command writes, run after run', async () => {
  const read = async (command: string): Promise<string[]> => {
    const lines: string[] = []
    for await (const line of await runCommand(world.client, environmentId, command)) lines.push(line)
    return lines
  }
  expect(await read('echo one; sleep 0.3; echo two > file; cat file; printf end')).toEqual(['one', 'two', 'end'])
  expect(await read('cat file; echo "$GITPOD_ENVIRONMENT_ID"')).toEqual(['two', environmentId])
})

test('a diamond runs by levels: the shared step once, the steps of one level at once, outputs handed on', async () => {
  const base = await task('base', 'echo run >> base-runs; echo COLOUR=blue >> "$TASKPORT_OUTPUTS"')
  const meet = (me: string, other: string) =>
    `touch at-${me}; for i in $(seq 100); do [ -e at-${other} ] && exit 0; sleep 0.1; done; exit 1`
  const left = await task('left', meet('left', 'right'), [base])
  const right = await task('right', `test "$COLOUR" = blue\n${meet('right', 'left')}`, [base])
  const top = await task('top', 'cat base-runs', [left, right])
  const execution = await run(top)
  expect(execution.status).toMatchObject({ phase: 'TASK_EXECUTION_PHASE_SUCCEEDED', failureMessage: '' })
  const labels = execution.spec?.plan?.map((group) => group.steps?.map((s) => s.label).sort())
  expect(labels).toEqual([['base'], ['left', 'right'], ['top']])
  expect(execution.status?.steps).toHaveLength(4)
  expect(execution.status?.steps?.map((s) => s.output)).toContainEqual({ COLOUR: 'blue' })
  expect(await logOf(execution.status!.logUrl!)).toBe('run\n')
  expect((await run(top)).status?.phase).toBe('TASK_EXECUTION_PHASE_SUCCEEDED')
})

test('a dependency that fails leaves its dependents unstarted and says so', async () => {
  const broken = await task('broken', 'echo no; false; echo never')
  const after = await task('after-broken', 'touch must-not-be', [broken])
  const execution = await run(after)
  expect(execution.status?.phase).toBe('TASK_EXECUTION_PHASE_FAILED')
  expect(execution.status?.failureMessage).toContain('broken')
  expect(execution.status?.steps?.map((s) => s.phase)).toEqual(['TASK_EXECUTION_PHASE_FAILED'])
})

test('a stopped task is STOPPED; an execution keeps the plan it was started with; a second stop changes nothing', async () => {
  const id = await task('sleeper', 'echo begun; sleep 60')
  const { taskExecution } = await automations().tasks.start({ id })
  await automations().tasks.update({ id, spec: { command: 'echo other' } })
  const executions = automations().tasks.executions
  await until(
    async () => (await executions.retrieve({ id: taskExecution.id })).taskExecution.status?.phase,
    (phase) => phase === 'TASK_EXECUTION_PHASE_RUNNING',
  )
  await executions.stop({ id: taskExecution.id })
  const stopped = await over(world.client, taskExecution.id)
  expect(stopped.status?.phase).toBe('TASK_EXECUTION_PHASE_STOPPED')
  expect(stopped.spec?.desiredPhase).toBe('TASK_EXECUTION_PHASE_STOPPED')
  expect(stopped.spec?.plan?.[0]?.steps?.[0]?.task?.spec?.command).toBe('echo begun; sleep 60')
  await executions.stop({ id: taskExecution.id })
  const again = (await executions.retrieve({ id: taskExecution.id })).taskExecution
  expect(again.status?.statusVersion).toBe(stopped.status?.statusVersion)
})

test('a program that ignores SIGTERM is killed after ten seconds, and the run has FAILED', async () => {
  const id = await task('stubborn', 'trap "" TERM; echo begun; while :; do sleep 0.2; done')
  const { taskExecution } = await automations().tasks.start({ id })
  const executions = automations().tasks.executions
  await until(
    async () => (await executions.retrieve({ id: taskExecution.id })).taskExecution.status?.phase,
    (phase) => phase === 'TASK_EXECUTION_PHASE_RUNNING',
  )
  await executions.stop({ id: taskExecution.id })
  const ended = await over(world.client, taskExecution.id)
  expect(ended.status?.phase).toBe('TASK_EXECUTION_PHASE_FAILED')
  expect(ended.status?.failureMessage).toContain('killed')
})

test('runService waits until the service is ready; a task that depends on it runs against it; it is stopped by its command', async () => {
  const metadata = { reference: 'database', name: 'Database' }
  const commands = {
    start: 'rm -f ready stopped; echo up; sleep 1; touch ready; sleep 100',
    ready: 'test -e ready',
    stop: 'touch stopped',
  }
  const lines = await runService(world.client, environmentId, metadata, { commands })
  const [service] = (
    await automations().services.list({ filter: { references: ['database'], environmentIds: [environmentId] } })
  ).services
  expect(service!.status).toMatchObject({ phase: 'SERVICE_PHASE_RUNNING' })
  const seed = await run(await task('seed', 'test -e ready', [service!.id]))
  expect(seed.status?.phase).toBe('TASK_EXECUTION_PHASE_SUCCEEDED')
  expect(seed.spec?.plan?.[0]?.steps?.[0]).toMatchObject({ serviceId: service!.id })
  await automations().services.stop({ id: service!.id })
  const seen: string[] = []
  for await (const line of lines) seen.push(line)
  expect(seen).toEqual(['up'])
  const { service: after } = await automations().services.retrieve({ id: service!.id })
  expect(after.status?.phase).toBe('SERVICE_PHASE_STOPPED')
  expect((await run(await task('was-stopped', 'test -e stopped'))).status?.phase).toBe('TASK_EXECUTION_PHASE_SUCCEEDED')
})

test('a service that runs from an earlier specification starts anew, once its former run has ended', async () => {
  const reference = 'versioned'
  const file = (word: string) => ({
    services: {
      [reference]: { name: reference, commands: { start: `echo ${word} >> versions; sleep 100`, ready: 'true' } },
    },
  })
  const upsert = (word: string) => automations().upsert({ environmentId, automationsFile: file(word) })
  const { updatedServiceIds: [id = ''] = [] } = await upsert('first')
  const read = async () => (await automations().services.retrieve({ id })).service
  const started = async () => {
    await Promise.all([1, 2, 3].map(() => automations().services.start({ id })))
    return until(read, (s) => s.status?.phase === 'SERVICE_PHASE_RUNNING')
  }
  const first = await started()
  expect((await started()).status?.session).toBe(first.status?.session)
  await upsert('second')
  await automations().services.start({ id })
  const second = await until(
    read,
    (s) => s.status?.phase === 'SERVICE_PHASE_RUNNING' && s.status.session !== first.status?.session,
  )
  expect(Number(second.spec?.specVersion)).toBeGreaterThan(Number(first.spec?.specVersion))
  expect(BigInt(second.status?.statusVersion ?? 0)).toBeGreaterThan(BigInt(first.status?.statusVersion ?? 0))
  await expect(automations().services.update({ id, spec: { commands: { ready: '' } } })).rejects.toThrow('not stopped')
  await automations().services.stop({ id })
  await until(read, (s) => s.status?.phase === 'SERVICE_PHASE_STOPPED')
  expect((await run(await task('versions', 'test "$(tr "\\n" " " < versions)" = "first second "'))).status?.phase).toBe(
    'TASK_EXECUTION_PHASE_SUCCEEDED',
  )
})

test('a stop command that fails makes the service FAILED; deleting one stops it first', async () => {
  const { service } = await automations().services.create({
    environmentId,
    metadata: { reference: 'bad-stop', name: 'Bad stop' },
    spec: { commands: { start: 'sleep 100', stop: 'exit 3' } },
  })
  const read = async () => (await automations().services.retrieve({ id: service.id })).service.status?.phase
  const start = async () => {
    await automations().services.start({ id: service.id })
    await until(read, (phase) => phase === 'SERVICE_PHASE_RUNNING')
  }
  await start()
  await automations().services.stop({ id: service.id })
  await until(read, (phase) => phase === 'SERVICE_PHASE_FAILED')
  await start()
  await automations().services.delete({ id: service.id, force: true })
  await expect(automations().services.retrieve({ id: service.id })).rejects.toBeInstanceOf(NotFoundError)
})

test('a service that is not ready in time has FAILED', async () => {
  const { service } = await automations().services.create({
    environmentId,
    metadata: { reference: 'never-ready', name: 'Never ready' },
    spec: { commands: { start: 'sleep 100', ready: 'false' }, readinessTimeout: '2s' } as object,
  })
  await automations().services.start({ id: service.id })
  const read = async () => (await automations().services.retrieve({ id: service.id })).service.status
  const failed = await until(read, (status) => status?.phase === 'SERVICE_PHASE_FAILED', 30_000)
  expect(failed?.failureMessage).toBe('it was not ready within 2s')
})

test('60 tasks page by themselves, each once', async () => {
  const names = Array.from({ length: 60 }, (_, i) => `many-${i}`)
  for (const name of names) await task(name, 'true')
  const seen: string[] = []
  for await (const found of automations().tasks.list({ filter: { environmentIds: [environmentId] }, pageSize: 25 }))
    seen.push(found.metadata?.reference ?? '')
  expect(seen.filter((reference) => reference.startsWith('many-'))).toEqual(names)
})

/** The same SDK, over a line that says what it carries and may lose a reply after the server has sent it. */
function clientOver(line: (url: string, reply: Response) => Response): Gitpod {
  return new Gitpod({
    baseURL: world.client.baseURL,
    bearerToken: world.token,
    fetch: async (url, init) => line(String(url), await fetch(url as string, init as RequestInit)),
  })
}

test('refusals are of the SDK’s own classes, and one that cannot change is asked once', async () => {
  const id = await task('only-once', 'true')
  const asked: string[] = []
  const counting = clientOver((url, reply) => {
    asked.push(url)
    return reply
  })
  const again = { environmentId, metadata: { reference: 'only-once', name: 'x' }, spec: { command: 'true' } }
  await expect(counting.environments.automations.tasks.create(again)).rejects.toBeInstanceOf(ConflictError)
  expect(asked).toHaveLength(1)
  await expect(automations().tasks.retrieve({ id: environmentId })).rejects.toBeInstanceOf(NotFoundError)
  await expect(automations().tasks.retrieve({ id: 'x' })).rejects.toBeInstanceOf(BadRequestError)
  const stranger = new Gitpod({ baseURL: world.client.baseURL, bearerToken: 'wrong' })
  await expect(stranger.environments.list({})).rejects.toBeInstanceOf(AuthenticationError)
  await expect(world.client.editors.retrieve({ id })).rejects.toBeInstanceOf(InternalServerError)
  const other = await task('other', 'true', [id])
  await expect(automations().tasks.update({ id, dependsOn: [other] })).rejects.toThrow('only-once → other → only-once')
  await expect(automations().tasks.delete({ id })).rejects.toThrow('other')
})

test('a request whose reply is lost is sent again by the SDK and counts once; two calls stay two', async () => {
  const lost = new Set<string>()
  const losing = clientOver((url, reply) => {
    if (!/CreateTask|StartTask|CreateService/.test(url) || lost.has(url)) return reply
    lost.add(url)
    throw new TypeError('fetch failed')
  })
  const { tasks, services } = losing.environments.automations
  const metadata = { reference: 'lossy', name: 'lossy' }
  const { task: made } = await tasks.create({ environmentId, metadata, spec: { command: 'true' } })
  const spec = { commands: { start: 'sleep 100' } }
  const { service } = await services.create({ environmentId, metadata: { reference: 'lossy-s', name: 'l' }, spec })
  expect(service.metadata?.reference).toBe('lossy-s')
  const { taskExecution: first } = await tasks.start({ id: made.id })
  expect(lost.size).toBe(3)
  const { taskExecution: second } = await tasks.start({ id: made.id })
  const runs = await automations().tasks.executions.list({ filter: { taskIds: [made.id] } })
  expect(runs.taskExecutions.map((e) => e.id)).toEqual([second.id, first.id])
  for (const { id } of runs.taskExecutions) await over(world.client, id)
})

test('a task changed while it runs goes on as it was started; its next run is the new one', async () => {
  const id = await task(
    'changing',
    'echo old; touch begun-old; for i in $(seq 200); do [ -e go ] && break; sleep 0.1; done; echo end',
  )
  const { taskExecution } = await automations().tasks.start({ id })
  await run(await task('wait-old', 'for i in $(seq 100); do [ -e begun-old ] && exit 0; sleep 0.1; done; exit 1'))
  await automations().tasks.update({ id, spec: { command: 'echo new' }, metadata: { name: 'Changed' } })
  await run(await task('go', 'touch go'))
  const before = await over(world.client, taskExecution.id)
  expect(await logOf(before.status!.logUrl!)).toBe('old\nend\n')
  expect(before.spec?.plan?.[0]?.steps?.[0]?.task?.spec?.command).toContain('echo old')
  expect(await logOf((await run(id)).status!.logUrl!)).toBe('new\n')
  await automations().tasks.delete({ id })
  const kept = (await automations().tasks.executions.retrieve({ id: before.id! })).taskExecution
  expect(kept.status?.phase).toBe('TASK_EXECUTION_PHASE_SUCCEEDED')
})

test('outputs have limits, and an empty value takes one back', async () => {
  const longest = 'x'.repeat(4_096)
  const outputsOf = async (reference: string, command: string) =>
    (await run(await task(reference, command))).status?.steps?.[0]?.output
  expect(await outputsOf('outputs', `printf 'A=1\\nB=2\\nA=\\nLONG=${longest}\\n' >> "$TASKPORT_OUTPUTS"`)).toEqual({
    B: '2',
    LONG: longest,
  })
  const many = (count: number): string => `for i in $(seq ${count}); do echo "K$i=v" >> "$TASKPORT_OUTPUTS"; done`
  expect(Object.keys((await outputsOf('most-outputs', many(128))) ?? {})).toHaveLength(128)
  expect(await outputsOf('too-many-outputs', many(129))).toEqual({})
  expect(await outputsOf('too-long-output', `echo "K=${longest}y" >> "$TASKPORT_OUTPUTS"`)).toEqual({})
})
