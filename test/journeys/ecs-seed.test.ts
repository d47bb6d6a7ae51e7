/**
 * The document of 2015-11-23 (AWS API change list, "4 updated api methods"): its four calls, made raw as a client of that
 * day would make them, and every key of its response syntax checked for presence and type.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AwsWorld, openAwsWorld, until } from '../support/aws-world.ts'

let world: AwsWorld
beforeAll(async () => {
  world = await openAwsWorld()
})
afterAll(() => world.close())

type Json = Readonly<Record<string, unknown>>

async function call(operation: string, body: Json): Promise<{ readonly status: number; readonly reply: Json }> {
  const response = await fetch(world.endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `AmazonEC2ContainerServiceV20141113.${operation}`,
    },
    body: JSON.stringify(body),
  })
  return { status: response.status, reply: (await response.json()) as Json }
}

/** The task of the document's response syntax. A `?` says that the key is there once it has a value. */
const OVERRIDE = { name: 'string', 'command?': ['string'], 'environment?': [{ name: 'string', value: 'string' }] }
const BINDING = { bindIP: 'string', containerPort: 'number', hostPort: 'number', protocol: 'string' }
const CONTAINER = {
  containerArn: 'string',
  taskArn: 'string',
  name: 'string',
  lastStatus: 'string',
  'exitCode?': 'number',
  'reason?': 'string',
  networkBindings: [BINDING],
}
const TASK = {
  taskArn: 'string',
  clusterArn: 'string',
  taskDefinitionArn: 'string',
  containerInstanceArn: 'string',
  overrides: { containerOverrides: [OVERRIDE] },
  lastStatus: 'string',
  desiredStatus: 'string',
  containers: [CONTAINER],
  startedBy: 'string',
  'stoppedReason?': 'string',
  createdAt: 'number',
  'startedAt?': 'number',
  'stoppedAt?': 'number',
}
const FINISHED = JSON.parse(JSON.stringify(TASK).replaceAll('?":', '":')) as typeof TASK

function differences(value: unknown, form: unknown, path: string): readonly string[] {
  if (typeof form === 'string') return typeof value === form ? [] : [`${path}: ${JSON.stringify(value)} is no ${form}`]
  if (Array.isArray(form))
    return Array.isArray(value)
      ? value.flatMap((v, i) => differences(v, form[0], `${path}[${i}]`))
      : [`${path}: no list`]
  if (typeof value !== 'object' || value === null) return [`${path}: no structure`]
  return Object.entries(form as Json).flatMap(([key, inner]) => {
    const name = key.replace('?', '')
    const present = name in value
    return present
      ? differences((value as Json)[name], inner, `${path}.${name}`)
      : key.endsWith('?')
        ? []
        : [`${path}.${name}: missing`]
  })
}

const OVERRIDES = {
  containerOverrides: [
    { name: 'main', command: ['echo "$GREETING"; exit 3'], environment: [{ name: 'GREETING', value: 'hello' }] },
  ],
}

async function register(family: string, command: string): Promise<void> {
  const containerDefinitions = [
    {
      name: 'main',
      image: 'busybox',
      cpu: 10,
      memory: 10,
      essential: true,
      entryPoint: ['sh', '-c'],
      command: [command],
    },
  ]
  expect((await call('RegisterTaskDefinition', { family, containerDefinitions })).status).toBe(200)
}

const only = (reply: Json): Json => (reply.tasks as Json[])[0]!

async function describeUntilStopped(task: Json): Promise<Json> {
  const look = async (): Promise<Json> => only((await call('DescribeTasks', { tasks: [task.taskArn] })).reply)
  return until(look, (t) => t.lastStatus === 'STOPPED')
}

test('RunTask and DescribeTasks: every key, and the override of command and environment', async () => {
  await register('seed', 'sleep 360')
  const { reply } = await call('RunTask', {
    cluster: 'default',
    taskDefinition: 'seed:1',
    overrides: OVERRIDES,
    count: 1,
    startedBy: 'cron-42',
  })
  expect(reply.failures).toEqual([])
  expect(differences(only(reply), TASK, 'task')).toEqual([])
  expect(only(reply)).toMatchObject({ lastStatus: 'PENDING', overrides: OVERRIDES, startedBy: 'cron-42' })
  const task = await describeUntilStopped(only(reply))
  const { stoppedReason, containers } = task
  expect(differences(task, FINISHED, 'task')).toEqual([])
  expect({ stoppedReason, exitCode: (containers as Json[])[0]!.exitCode }).toEqual({
    stoppedReason: 'Essential container in task exited',
    exitCode: 3,
  })
  const missing = await call('DescribeTasks', { tasks: ['0'.repeat(32)] })
  expect(missing.reply.failures).toMatchObject([{ arn: expect.stringContaining('0'.repeat(32)), reason: 'MISSING' }])
})

test('StartTask on a chosen instance, StopTask with a reason', async () => {
  await register('seedlong', 'exec sleep 360')
  const { reply: list } = await call('ListContainerInstances', {})
  const containerInstances = list.containerInstanceArns as string[]
  const { reply } = await call('StartTask', {
    taskDefinition: 'seedlong',
    containerInstances,
    startedBy: 'scheduler-1',
  })
  expect(differences(only(reply), TASK, 'task')).toEqual([])
  expect(only(reply).containerInstanceArn).toBe(containerInstances[0])
  const reason = 'r'.repeat(255)
  const { reply: stopping } = await call('StopTask', { task: only(reply).taskArn, reason })
  expect(stopping.task).toMatchObject({ desiredStatus: 'STOPPED', stoppedReason: reason })
  const task = await describeUntilStopped(only(reply))
  expect(task.stoppedReason).toBe(reason)
  expect((task.containers as Json[])[0]!.exitCode ?? 143).toBe(143)
})

test("the document's limits: 10 tasks, 10 instances, 8192 characters of overrides, 255 of a reason", async () => {
  await register('limits', 'true')
  const refused = async (operation: string, body: Json): Promise<unknown> => (await call(operation, body)).reply.__type
  expect(await refused('RunTask', { taskDefinition: 'limits', count: 11 })).toBe('InvalidParameterException')
  expect(await refused('RunTask', { taskDefinition: 'limits', count: 0 })).toBe('InvalidParameterException')
  const containerInstances = Array.from({ length: 11 }, () => 'a'.repeat(32))
  expect(await refused('StartTask', { taskDefinition: 'limits', containerInstances })).toBe('InvalidParameterException')
  const frame = JSON.stringify({ containerOverrides: [{ name: 'main', command: [''] }] }).length
  const overrides = (length: number) => ({
    containerOverrides: [{ name: 'main', command: ['x'.repeat(length - frame)] }],
  })
  const long = await call('RunTask', { taskDefinition: 'limits', overrides: overrides(8193) })
  expect(long.reply).toMatchObject({
    __type: 'InvalidParameterException',
    message: 'Container Overrides length must be at most 8192',
  })
  expect((await call('RunTask', { taskDefinition: 'limits', overrides: overrides(8192) })).status).toBe(200)
  expect(await refused('StopTask', { task: 'a'.repeat(32), reason: 'r'.repeat(256) })).toBe('InvalidParameterException')
  expect((await call('StopTask', { task: 'a'.repeat(32) })).reply).toEqual({
    __type: 'InvalidParameterException',
    message: 'The referenced task was not found.',
  })
})
