import { availableParallelism } from 'node:os'
import { GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs'
import {
  ConflictException,
  CreateClusterCommand,
  DeregisterTaskDefinitionCommand,
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
  type Task,
  waitUntilTasksRunning,
  waitUntilTasksStopped,
} from '@aws-sdk/client-ecs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AwsWorld, openAwsWorld, until } from '../support/aws-world.ts'

let world: AwsWorld
beforeAll(async () => {
  world = await openAwsWorld()
})
afterAll(() => world.close())

const register = async (family: string, script: string, more: object = {}): Promise<void> => {
  const container = { name: 'main', image: 'busybox', memory: 64, entryPoint: ['sh', '-c'], command: [script], ...more }
  await world.ecs.send(new RegisterTaskDefinitionCommand({ family, containerDefinitions: [container] }))
}

const run = async (family: string, more: object = {}): Promise<Task> => {
  const { tasks, failures } = await world.ecs.send(new RunTaskCommand({ taskDefinition: family, ...more }))
  expect(failures).toEqual([])
  return tasks![0]!
}

const describeOne = async (arn: string): Promise<Task> =>
  (await world.ecs.send(new DescribeTasksCommand({ tasks: [arn] }))).tasks![0]!

const stopped = (arn: string): Promise<Task> =>
  until(
    () => describeOne(arn),
    (t) => t.lastStatus === 'STOPPED',
  )

const linesOf = async (group: string, stream: string): Promise<readonly (string | undefined)[]> => {
  const { events } = await world.logs.send(
    new GetLogEventsCommand({ logGroupName: group, logStreamName: stream, startFromHead: true }),
  )
  return events!.map((e) => e.message)
}

const idOf = (task: Task): string => task.taskArn!.split('/').at(-1)!

test('a task runs to its end, with its exit code, its times in order and its output', async () => {
  await register('hello', 'echo "hi $WHO"; exit 3', { environment: [{ name: 'WHO', value: 'nobody' }] })
  const overrides = { containerOverrides: [{ name: 'main', environment: [{ name: 'WHO', value: 'you' }] }] }
  const first = await run('hello', { overrides, startedBy: 'cron-42' })
  expect(first).toMatchObject({ lastStatus: 'PENDING', desiredStatus: 'RUNNING', launchType: 'EC2' })
  expect(first.containers).toMatchObject([{ name: 'main', lastStatus: 'PENDING' }])
  const twice = await world.ecs.send(new DescribeTasksCommand({ tasks: [idOf(first), first.taskArn!] }))
  expect(twice.tasks).toHaveLength(1)
  await waitUntilTasksStopped(
    { client: world.ecs, maxWaitTime: 30, minDelay: 1, maxDelay: 1 },
    { tasks: [first.taskArn!] },
  )
  const task = await describeOne(first.taskArn!)
  expect(task).toMatchObject({
    lastStatus: 'STOPPED',
    desiredStatus: 'STOPPED',
    stopCode: 'EssentialContainerExited',
    stoppedReason: 'Essential container in task exited',
    startedBy: 'cron-42',
    group: 'family:hello',
    containers: [{ name: 'main', lastStatus: 'STOPPED', exitCode: 3 }],
  })
  const times = [task.createdAt, task.startedAt, task.executionStoppedAt, task.stoppingAt, task.stoppedAt].map(Number)
  expect(times.every((t, i) => t > 0 && (i === 0 || t >= times[i - 1]!))).toBe(true)
  expect(await linesOf('/taskport/ecs/hello', `main/main/${idOf(task)}`)).toEqual(['hi you'])
})

test('ten tasks of one call each run, and lists find them by what they were started with', async () => {
  await register('ten', 'sleep 30')
  const { tasks } = await world.ecs.send(new RunTaskCommand({ taskDefinition: 'ten', count: 10, startedBy: 'batch-1' }))
  const arns = tasks!.map((t) => t.taskArn!)
  expect(new Set(arns).size).toBe(10)
  await waitUntilTasksRunning({ client: world.ecs, maxWaitTime: 30, minDelay: 1, maxDelay: 1 }, { tasks: arns })
  const pages: string[] = []
  let nextToken: string | undefined
  do {
    const page = await world.ecs.send(new ListTasksCommand({ startedBy: 'batch-1', maxResults: 4, nextToken }))
    expect(page.taskArns!.length).toBeLessThanOrEqual(4)
    pages.push(...page.taskArns!)
    nextToken = page.nextToken
  } while (nextToken)
  expect(pages.sort()).toEqual([...arns].sort())
  for (const task of arns) await world.ecs.send(new StopTaskCommand({ task, reason: 'enough' }))
  const ended = await Promise.all(arns.map(stopped))
  expect(ended.map((t) => [t.stopCode, t.stoppedReason, t.containers![0]!.exitCode])).toEqual(
    arns.map(() => ['UserInitiated', 'enough', 143]),
  )
  expect((await world.ecs.send(new ListTasksCommand({ family: 'ten' }))).taskArns).toEqual([])
  expect(
    (await world.ecs.send(new ListTasksCommand({ daemonName: 'none', desiredStatus: 'STOPPED' }))).taskArns,
  ).toEqual([])
  expect(
    (await world.ecs.send(new ListTasksCommand({ family: 'ten', desiredStatus: 'STOPPED' }))).taskArns,
  ).toHaveLength(10)
})

test('a program that ignores SIGTERM is killed after its stop timeout, and stopping again changes nothing', async () => {
  await register('stubborn', 'trap "" TERM; echo ready; while :; do sleep 0.1; done', { stopTimeout: 1 })
  const task = await run('stubborn')
  await until(
    () => linesOf('/taskport/ecs/stubborn', `main/main/${idOf(task)}`),
    (lines) => lines.includes('ready'),
  )
  const { task: stopping } = await world.ecs.send(new StopTaskCommand({ task: task.taskArn }))
  expect(stopping).toMatchObject({ desiredStatus: 'STOPPED', lastStatus: 'STOPPING', stopCode: 'UserInitiated' })
  const end = await stopped(task.taskArn!)
  expect(end.containers![0]).toMatchObject({ exitCode: 137 })
  expect(end.stoppedReason).toBe('Task stopped by user')
  const again = await world.ecs.send(new StopTaskCommand({ task: task.taskArn, reason: 'other' }))
  expect(again.task!.stoppedReason).toBe('Task stopped by user')
})

test('a reply that was lost is answered again with the same task; another request with the token conflicts', async () => {
  await register('once', 'exit 0')
  world.dropReply('RunTask')
  const before = world.exchanges.length
  const task = await run('once', { clientToken: 'token-1' })
  const replies = world.exchanges.slice(before).filter((e) => e.target.endsWith('.RunTask'))
  expect(replies.map((e) => JSON.parse(e.reply).tasks[0].taskArn)).toEqual([task.taskArn, task.taskArn])
  const other = world.ecs.send(new RunTaskCommand({ taskDefinition: 'once', count: 2, clientToken: 'token-1' }))
  const conflict = await other.catch((error: unknown) => error)
  expect(conflict).toBeInstanceOf(ConflictException)
  expect((conflict as ConflictException).resourceIds).toEqual([task.taskArn])
})

test('a repeated request gets the same answer, failures included, though its definition is inactive by now', async () => {
  await register('halves', 'sleep 60', { cpu: Math.ceil((availableParallelism() * 1024) / 2.5) })
  const asked = { taskDefinition: 'halves:1', count: 4, clientToken: 'token-2' }
  const first = await world.ecs.send(new RunTaskCommand(asked))
  expect(first.tasks).toHaveLength(2)
  expect(first.failures!.map((f) => f.reason)).toEqual(['RESOURCE:CPU', 'RESOURCE:CPU'])
  await world.ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition: 'halves:1' }))
  const again = await world.ecs.send(new RunTaskCommand(asked))
  expect(again.tasks!.map((t) => t.taskArn)).toEqual(first.tasks!.map((t) => t.taskArn))
  expect(again.failures).toEqual(first.failures)
  await world.ecs.send(new CreateClusterCommand({ clusterName: 'elsewhere' }))
  const conflict = world.ecs.send(new RunTaskCommand({ ...asked, cluster: 'elsewhere' }))
  await expect(conflict).rejects.toMatchObject({
    name: 'ConflictException',
    resourceIds: first.tasks!.map((t) => t.taskArn),
  })
  for (const { taskArn } of first.tasks!) await world.ecs.send(new StopTaskCommand({ task: taskArn }))
  for (const { taskArn } of first.tasks!) await stopped(taskArn!)
})

test('revisions count on for ever, and an inactive one runs no more', async () => {
  await register('counted', 'exit 0')
  await register('counted', 'exit 1')
  const latest = await world.ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: 'counted' }))
  expect(latest.taskDefinition!.revision).toBe(2)
  await world.ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition: 'counted:2' }))
  await expect(world.ecs.send(new RunTaskCommand({ taskDefinition: 'counted:2' }))).rejects.toMatchObject({
    name: 'InvalidParameterException',
    message: 'TaskDefinition is inactive',
  })
  expect((await stopped((await run('counted')).taskArn!)).containers![0]!.exitCode).toBe(0)
  await register('counted', 'exit 0')
  const next = await world.ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: 'counted' }))
  expect(next.taskDefinition!.revision).toBe(3)
})

test('neither region nor account sees the tasks of another', async () => {
  await register('private', 'exit 0')
  const task = await run('private')
  const elsewhere = world.client('eu-west-1')
  const seen = await elsewhere.send(new DescribeTasksCommand({ tasks: [idOf(task)] }))
  expect(seen.tasks).toEqual([])
  expect(seen.failures).toMatchObject([{ reason: 'MISSING' }])
  await expect(elsewhere.send(new RunTaskCommand({ taskDefinition: 'private' }))).rejects.toMatchObject({
    name: 'ClientException',
    message: 'TaskDefinition not found.',
  })
  elsewhere.destroy()
})
