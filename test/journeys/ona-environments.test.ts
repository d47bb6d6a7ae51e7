import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../support/aws-world.ts'
import { type GitServer, openGitServer } from '../support/git-server.ts'
import { type OnaWorld, openOnaWorld, over, running } from '../support/ona-world.ts'

const AUTOMATIONS = `
services:
  web:
    name: Web
    triggeredBy: [postEnvironmentStart]
    commands: {start: "echo up >> ups; exec sleep 100", ready: "test -e ups"}
tasks:
  prepare:
    name: Prepare
    triggeredBy: [postDevcontainerStart]
    command: |
      echo prepared >> prepared
  check:
    command: test -e prepared && test -e ups
    dependsOn: [prepare, web]
    x-taskport: {timeout: 30s, retry: 2}
`

let world: OnaWorld
let git: GitServer
beforeAll(async () => {
  world = await openOnaWorld({ allowAddress: ['127.0.0.1'] })
  git = await openGitServer({ '.ona/automations.yaml': AUTOMATIONS })
})
afterAll(async () => {
  git.close()
  await world.close()
})

const automations = () => world.client.environments.automations
const inside = (environmentId: string) => ({ filter: { environmentIds: [environmentId] } })
const byReference = async (environmentId: string) =>
  new Map((await automations().tasks.list(inside(environmentId))).tasks.map((t) => [t.metadata?.reference, t]))
const phaseOf = async (environmentId: string) =>
  (await world.client.environments.retrieve({ environmentId })).environment.status?.phase

test('a cloned repository brings its automations: what is triggered starts by itself, again after a stop', async () => {
  const environmentId = await world.environment(git.url)
  const { environment } = await world.client.environments.retrieve({ environmentId })
  expect(environment.status?.automationsFile).toMatchObject({
    phase: 'CONTENT_PHASE_READY',
    automationsFilePath: '.ona/automations.yaml',
  })
  expect(environment.status?.devcontainer?.remoteWorkspaceFolder).toMatch(/\/app$|\/workspace$/)
  const tasks = await byReference(environmentId)
  const check = tasks.get('check')!
  expect(check.dependsOn).toHaveLength(2)
  const runs = async () => (await automations().tasks.executions.list(inside(environmentId))).taskExecutions
  const first = await until(
    runs,
    (found) => found.length === 1 && found[0]!.status?.phase === 'TASK_EXECUTION_PHASE_SUCCEEDED',
  )
  expect(first[0]!.metadata).toMatchObject({ taskId: tasks.get('prepare')!.id, startedBy: 'postDevcontainerStart' })
  const { taskExecution } = await automations().tasks.start({ id: check.id })
  expect((await over(world.client, taskExecution.id)).status).toMatchObject({
    phase: 'TASK_EXECUTION_PHASE_SUCCEEDED',
    failureMessage: '',
  })
  await world.client.environments.stop({ environmentId })
  await until(
    () => phaseOf(environmentId),
    (phase) => phase === 'ENVIRONMENT_PHASE_STOPPED',
  )
  const [web] = (await automations().services.list(inside(environmentId))).services
  expect(web!.status?.phase).toBe('SERVICE_PHASE_STOPPED')
  await expect(automations().tasks.start({ id: check.id })).rejects.toThrow('not running')
  await world.client.environments.start({ environmentId })
  await running(world.client, environmentId)
  await until(runs, (found) => found.filter((e) => e.metadata?.startedBy === 'postDevcontainerStart').length === 2)
  expect(existsSync(join(world.environments, environmentId, 'workspace/prepared'))).toBe(true)
  await world.client.environments.delete({ environmentId })
  await until(
    async () => (await world.client.environments.list({})).environments,
    (all) => all.every((e) => e.id !== environmentId),
  )
  expect((await automations().tasks.list(inside(environmentId))).tasks).toEqual([])
  expect(existsSync(join(world.environments, environmentId))).toBe(false)
})

test('a directory of the operator’s is used in place, stays when its environment goes, and no other is shown', async () => {
  const directory = join(world.root, 'project')
  mkdirSync(directory)
  writeFileSync(join(directory, 'note'), 'kept')
  const environmentId = await world.environment(`file://${directory}`)
  const { task } = await automations().tasks.create({
    environmentId,
    metadata: { reference: 'w', name: 'w' },
    spec: { command: 'cat note > copy' },
  })
  const { taskExecution } = await automations().tasks.start({ id: task.id })
  expect((await over(world.client, taskExecution.id)).status?.phase).toBe('TASK_EXECUTION_PHASE_SUCCEEDED')
  expect(readFileSync(join(directory, 'copy'), 'utf8')).toBe('kept')
  await world.client.environments.delete({ environmentId })
  await until(
    async () => (await world.client.environments.list({})).environments,
    (all) => all.every((e) => e.id !== environmentId),
  )
  expect(existsSync(join(directory, 'note'))).toBe(true)
  for (const url of ['file:///etc', `file://${world.root}/../`, '/etc', 'ext::sh -c touch% /tmp/x', '--upload-pack=x'])
    await expect(world.environment(url)).rejects.toThrow(/operator|git URL/)
})

test('a clone from an address that the operator does not allow says so, and the environment has failed', async () => {
  const url = git.url.replace('127.0.0.1', '127.0.0.2')
  await expect(world.environment(url)).rejects.toThrow('127.0.0.2 is not a public address')
})

test('a broken automations file is told with its line and column, and the environment is up all the same', async () => {
  const directory = join(world.root, 'broken')
  mkdirSync(join(directory, '.gitpod'), { recursive: true })
  writeFileSync(join(directory, '.gitpod/automations.yaml'), 'tasks:\n  one:\n    command: "true"\n    retries: 3\n')
  const environmentId = await world.environment(`file://${directory}`)
  const { environment } = await world.client.environments.retrieve({ environmentId })
  expect(environment.status?.automationsFile?.phase).toBe('CONTENT_PHASE_FAILED')
  expect(environment.status?.automationsFile?.failureMessage).toContain('line 4, column 5')
})

test('what its triggers could not start, and why, is a warning of the environment', async () => {
  const directory = join(world.root, 'refused')
  mkdirSync(join(directory, '.ona'), { recursive: true })
  const tasks = `tasks:
  ask: {command: "true", x-taskport: {inputs: {WORD: {}}}}
  greet: {command: "true", dependsOn: [ask], triggeredBy: [postDevcontainerStart]}`
  writeFileSync(join(directory, '.ona/automations.yaml'), tasks)
  const environmentId = await world.environment(`file://${directory}`)
  const warned = await until(
    async () => (await world.client.environments.retrieve({ environmentId })).environment.status?.automationsFile,
    (file) => file?.warningMessage !== '',
  )
  expect(warned).toMatchObject({
    phase: 'CONTENT_PHASE_READY',
    failureMessage: '',
    warningMessage: 'greet: inputs.WORD: task ask needs a value',
  })
})

test('what runs outlives the server, and what was under way is brought to its end by the next one', async () => {
  const environmentId = await world.environment()
  const metadata = { reference: 'long', name: 'long' }
  const { task } = await automations().tasks.create({
    environmentId,
    metadata,
    spec: { command: 'echo a; sleep 3; echo b' },
  })
  const { taskExecution } = await automations().tasks.start({ id: task.id })
  const { environment } = await world.client.environments.create({ spec: {} })
  await world.restart()
  await running(world.client, environment.id)
  const ended = await over(world.client, taskExecution.id)
  expect(ended.status?.phase).toBe('TASK_EXECUTION_PHASE_SUCCEEDED')
  const { accessToken } = await world.client.environments.createLogsToken({ environmentId })
  const log = await fetch(ended.status!.logUrl!, { headers: { authorization: `Bearer ${accessToken}` } })
  expect(await log.text()).toBe('a\nb\n')
  const stranger = await world.client.environments.createLogsToken({ environmentId: environment.id })
  const refused = await fetch(ended.status!.logUrl!, { headers: { authorization: `Bearer ${stranger.accessToken}` } })
  expect(refused.status).toBe(403)
})

const EXTENDED = `
tasks:
  greet:
    command: echo "hello $WHO from $PLACE" >> greetings
    dependsOn: [place]
    x-taskport:
      inputs:
        WHO: {description: Whom to greet}
        PLACE: {default: here, options: [here, there]}
  place:
    command: echo "$PLACE" > place
    x-taskport: {inputs: {PLACE: {default: nowhere}}}
  build:
    command: |
      echo run >> builds
      echo "SIZE=$(cat src/*.txt | wc -c)" >> "$TASKPORT_OUTPUTS"
    x-taskport: {changed: ["src/**"]}
  report: {command: echo "$SIZE" >> sizes, dependsOn: [build]}
`

test('a task takes inputs, and one with a condition on files runs only when they changed', async () => {
  const directory = join(world.root, 'extended')
  mkdirSync(join(directory, '.ona'), { recursive: true })
  mkdirSync(join(directory, 'src'))
  writeFileSync(join(directory, '.ona/automations.yaml'), EXTENDED)
  writeFileSync(join(directory, 'src/a.txt'), 'abc')
  const environmentId = await world.environment(`file://${directory}`)
  const tasks = await byReference(environmentId)
  const start = async (reference: string, inputs: object = {}) => {
    const request = { id: tasks.get(reference)!.id, inputs } as { id: string }
    const ended = await over(world.client, (await automations().tasks.start(request)).taskExecution.id)
    expect([reference, ended.status?.phase, ended.status?.failureMessage]).toEqual([
      reference,
      'TASK_EXECUTION_PHASE_SUCCEEDED',
      '',
    ])
  }
  const read = (name: string): string => readFileSync(join(directory, name), 'utf8')
  await start('greet', { WHO: 'Ann' })
  await start('greet', { WHO: 'Bob', PLACE: 'there' })
  expect(read('greetings')).toBe('hello Ann from here\nhello Bob from there\n')
  expect(read('place')).toBe('there\n')
  for (const [inputs, words] of [
    [{}, 'inputs.WHO: task greet needs a value'],
    [{ WHO: 'x', PLACE: 'elsewhere' }, 'in list [here, there]'],
    [{ WHO: 'x', OTHER: 'y' }, 'has an input OTHER'],
  ] as const)
    await expect(start('greet', inputs)).rejects.toThrow(words)
  await start('report')
  await start('report')
  expect([read('builds'), read('sizes')]).toEqual(['run\n', '3\n3\n'])
  writeFileSync(join(directory, 'src/b.txt'), 'defg')
  await start('report')
  expect([read('builds'), read('sizes')]).toEqual(['run\nrun\n', '3\n3\n7\n'])
})

const FAILING = `
tasks:
  bad: {command: exit 1}
  slow: {command: sleep 1; echo slow >> $LOG}
  other: {command: echo other >> $LOG, dependsOn: [slow]}
  finish-group: &all {command: echo never >> $LOG, dependsOn: [bad, slow, other]}
  fail-fast: {<<: *all, x-taskport: {onFailure: fail-fast}}
  run-all: {<<: *all, x-taskport: {onFailure: run-all}}
  flaky:
    command: echo try >> tries; test $(wc -l < tries) -eq 3 || exit 9
    x-taskport: {retry: {limit: 5, delay: 50ms, exitCodes: [9]}}
  other-code: {command: echo x >> once; exit 8, x-taskport: {retry: {limit: 5, exitCodes: [9]}}}
  late: {command: sleep 100, x-taskport: {timeout: 1s}}
`

test('x-taskport: what a failure means to the others, tries by exit code, and time limits', async () => {
  const directory = join(world.root, 'failing')
  mkdirSync(join(directory, '.ona'), { recursive: true })
  writeFileSync(join(directory, '.ona/automations.yaml'), FAILING)
  const environmentId = await world.environment(`file://${directory}`)
  const tasks = await byReference(environmentId)
  const env = (log: string) => ({ spec: { env: [{ name: 'LOG', value: log }] } }) as object
  const read = (name: string): string =>
    existsSync(join(directory, name)) ? readFileSync(join(directory, name), 'utf8') : ''
  const run = async (reference: string) => {
    const { taskExecution } = await automations().tasks.start({ id: tasks.get(reference)!.id })
    const { status } = await over(world.client, taskExecution.id)
    return [status?.phase?.replace('TASK_EXECUTION_PHASE_', ''), status?.failureMessage] as const
  }
  for (const [mode, log] of [
    ['finish-group', 'slow\n'],
    ['fail-fast', ''],
    ['run-all', 'slow\nother\n'],
  ] as const) {
    for (const reference of ['slow', 'other', mode])
      await automations().tasks.update({ id: tasks.get(reference)!.id, ...env(mode) })
    expect(await run(mode)).toEqual(['FAILED', expect.stringContaining('bad')])
    expect([mode, read(mode)]).toEqual([mode, log])
  }
  expect(await run('flaky')).toEqual(['SUCCEEDED', ''])
  expect(read('tries')).toBe('try\n'.repeat(3))
  expect(await run('other-code')).toEqual(['FAILED', 'exited with code 8'])
  expect(read('once')).toBe('x\n')
  expect(await run('late')).toEqual(['FAILED', expect.stringContaining('1s')])
})
