/**
 * What tools over ECS call, in their order, and what each of them looks at in the replies (reference: their sources, read
 * 2026-09). Airflow's own operator was run by hand; here are the calls, so that they stay true.
 */
import { GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs'
import {
  CreateClusterCommand,
  DeleteClusterCommand,
  DeregisterTaskDefinitionCommand,
  DescribeClustersCommand,
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  ListServicesCommand,
  ListTagsForResourceCommand,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
  TagResourceCommand,
  type Task,
  type TaskDefinition,
} from '@aws-sdk/client-ecs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AwsWorld, openAwsWorld, until } from '../support/aws-world.ts'

let world: AwsWorld
beforeAll(async () => {
  world = await openAwsWorld()
})
afterAll(() => world.close())

const definitionOf = (family: string, script: string) => ({
  family,
  networkMode: 'host' as const,
  containerDefinitions: [
    {
      name: 'main',
      image: 'busybox',
      memory: 64,
      entryPoint: ['sh', '-c'],
      command: [script],
      logConfiguration: {
        logDriver: 'awslogs' as const,
        options: {
          'awslogs-group': `/tools/${family}`,
          'awslogs-region': 'us-east-1',
          'awslogs-stream-prefix': 'run',
          'awslogs-create-group': 'true',
        },
      },
    },
  ],
})

const register = async (family: string, script: string): Promise<TaskDefinition> =>
  (await world.ecs.send(new RegisterTaskDefinitionCommand(definitionOf(family, script)))).taskDefinition!

const describeOne = async (task: string): Promise<Task> =>
  (await world.ecs.send(new DescribeTasksCommand({ cluster: 'default', tasks: [task], include: ['TAGS'] }))).tasks![0]!

const stopped = (task: string): Promise<Task> =>
  until(
    () => describeOne(task),
    (t) => t.lastStatus === 'STOPPED',
  )

const linesOf = async (family: string, task: string): Promise<readonly string[]> => {
  const logStreamName = `run/main/${task.split('/').at(-1)}`
  const command = new GetLogEventsCommand({ logGroupName: `/tools/${family}`, logStreamName, limit: 10 })
  return (await world.logs.send(command)).events!.map((e) => e.message!)
}

test('Airflow: a running task is found again by startedBy, killed, and told apart from one that failed by itself', async () => {
  await register('airflow', 'echo working; sleep 60')
  const run = new RunTaskCommand({ cluster: 'default', taskDefinition: 'airflow', launchType: 'EC2', startedBy: 'dag' })
  const { tasks, failures } = await world.ecs.send(run)
  const task = tasks![0]!.taskArn!
  expect([failures, tasks![0]!.containers!.map((c) => c.name)]).toEqual([[], ['main']])
  const reattach = new ListTasksCommand({ cluster: 'default', desiredStatus: 'RUNNING', startedBy: 'dag' })
  expect((await world.ecs.send(reattach)).taskArns).toEqual([task])
  await world.ecs.send(new StopTaskCommand({ cluster: 'default', task, reason: 'Task killed by the user' }))
  const end = await stopped(task)
  expect(end).toMatchObject({ stoppedReason: 'Task killed by the user', containers: [{ lastStatus: 'STOPPED' }] })
  expect(end.stoppedReason).not.toMatch(/Host EC2 \(instance .+?\) (stopped|terminated)\./)
  expect((await world.ecs.send(reattach)).taskArns).toEqual([])
})

test("Airflow's executor: its health check, and a task that never started is told by the missing startedAt", async () => {
  const health = world.ecs.send(new StopTaskCommand({ cluster: 'default', task: 'a'.repeat(32) }))
  await expect(health).rejects.toMatchObject({
    name: 'InvalidParameterException',
    message: expect.stringContaining('task was not found'),
  })
  await world.ecs.send(
    new RegisterTaskDefinitionCommand({
      family: 'removed',
      containerDefinitions: [{ name: 'main', image: 'nowhere/none', memory: 16 }],
    }),
  )
  const { tasks } = await world.ecs.send(new RunTaskCommand({ taskDefinition: 'removed' }))
  const end = await stopped(tasks![0]!.taskArn!)
  expect([end.startedAt, end.desiredStatus, end.containers![0]!.exitCode]).toEqual([undefined, 'STOPPED', undefined])
})

test('Prefect: the same definition again compares equal, so that no revision is made each run', async () => {
  const { family } = await register('prefect', 'exit 0')
  const described = (await world.ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: family })))
    .taskDefinition!
  const ofAws = ['compatibilities', 'taskDefinitionArn', 'revision', 'status', 'requiresAttributes', 'registeredAt']
  const again = Object.fromEntries(
    Object.entries(described).filter(([key]) => ![...ofAws, 'registeredBy', 'deregisteredAt'].includes(key)),
  )
  const { taskDefinition } = await world.ecs.send(new RegisterTaskDefinitionCommand(again as never))
  expect(taskDefinition!.revision).toBe(2)
  expect({ ...taskDefinition, revision: 1, taskDefinitionArn: '', registeredAt: 0 }).toEqual({
    ...described,
    taskDefinitionArn: '',
    registeredAt: 0,
  })
  const tags = [{ key: 'prefect.io/flow-run-id', value: 'f-1' }]
  const { tasks } = await world.ecs.send(new RunTaskCommand({ taskDefinition: family, tags }))
  expect((await stopped(tasks![0]!.taskArn!)).tags).toEqual(tags)
})

test('Dagster: tags written to the running task, its health and its last lines', async () => {
  await register('dagster', 'for i in 1 2 3; do echo line $i; done; sleep 60')
  const { tasks } = await world.ecs.send(new RunTaskCommand({ taskDefinition: 'dagster' }))
  const resourceArn = tasks![0]!.taskArn!
  await world.ecs.send(new TagResourceCommand({ resourceArn, tags: [{ key: 'dagster/run_id', value: 'r-1' }] }))
  expect((await world.ecs.send(new ListTagsForResourceCommand({ resourceArn }))).tags).toEqual([
    { key: 'dagster/run_id', value: 'r-1' },
  ])
  await until(
    () => linesOf('dagster', resourceArn),
    (lines) => lines.join() === 'line 1,line 2,line 3',
  )
  expect((await describeOne(resourceArn)).lastStatus).toBe('RUNNING')
  await world.ecs.send(new StopTaskCommand({ task: resourceArn }))
})

test('Terraform: a cluster and a definition are made, read back, and gone', async () => {
  const clusterName = 'terraform'
  const tags = [{ key: 'owner', value: 'tf' }]
  const settings = [{ name: 'containerInsights' as const, value: 'disabled' }]
  await world.ecs.send(new CreateClusterCommand({ clusterName, tags, settings }))
  const read = async () => {
    const include = ['TAGS', 'CONFIGURATIONS', 'SETTINGS'] as const
    return world.ecs.send(new DescribeClustersCommand({ clusters: [clusterName], include: [...include] }))
  }
  expect((await read()).clusters).toMatchObject([
    { status: 'ACTIVE', tags, settings, registeredContainerInstancesCount: 0 },
  ])
  const { taskDefinitionArn: taskDefinition } = await register('terraform', 'exit 0')
  const described = new DescribeTaskDefinitionCommand({ taskDefinition, include: ['TAGS'] })
  expect(await world.ecs.send(described)).toMatchObject({ taskDefinition: { status: 'ACTIVE' }, tags: [] })
  await world.ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition }))
  expect((await world.ecs.send(described)).taskDefinition!.status).toBe('INACTIVE')
  await world.ecs.send(new DeleteClusterCommand({ cluster: clusterName }))
  const after = await read()
  expect(after.clusters![0]?.status ?? after.failures![0]?.reason).toMatch(/^(INACTIVE|MISSING)$/)
})

test('who asks for services hears that there are none', async () => {
  expect((await world.ecs.send(new ListServicesCommand({}))).serviceArns).toEqual([])
  const { services, failures } = await world.ecs.send(new DescribeServicesCommand({ services: ['web'] }))
  expect([services, failures!.map((f) => f.reason)]).toEqual([[], ['MISSING']])
})

test('one token means one batch, however many retries arrive at once and replies are lost', async () => {
  await register('once', 'exit 0')
  world.dropReply('RunTask')
  world.dropReply('RunTask')
  const send = () => world.ecs.send(new RunTaskCommand({ taskDefinition: 'once', count: 3, clientToken: 'one-token' }))
  const replies = await Promise.all([send(), send(), send()])
  const arns = replies.map((reply) => reply.tasks!.map((t) => t.taskArn).sort())
  expect(new Set(arns.map(String)).size).toBe(1)
  const { taskArns: running } = await world.ecs.send(new ListTasksCommand({ family: 'once' }))
  const { taskArns: ended } = await world.ecs.send(new ListTasksCommand({ family: 'once', desiredStatus: 'STOPPED' }))
  expect([...running!, ...ended!].sort()).toEqual(arns[0])
})
