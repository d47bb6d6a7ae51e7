import {
  CreateClusterCommand,
  DeleteClusterCommand,
  DeregisterContainerInstanceCommand,
  DescribeClustersCommand,
  DescribeContainerInstancesCommand,
  DescribeTasksCommand,
  ListContainerInstancesCommand,
  PutAttributesCommand,
  RegisterContainerInstanceCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  type RunTaskCommandInput,
  StartTaskCommand,
  StopTaskCommand,
  type Task,
  UpdateContainerInstancesStateCommand,
} from '@aws-sdk/client-ecs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AwsWorld, openAwsWorld, until } from '../support/aws-world.ts'

let world: AwsWorld
beforeAll(async () => {
  world = await openAwsWorld()
})
afterAll(() => world.close())

const program = (name: string, script: string, more: object = {}) => ({
  name,
  image: 'busybox',
  memory: 32,
  entryPoint: ['sh', '-c'],
  command: [script],
  ...more,
})

const register = (family: string, ...containerDefinitions: object[]) =>
  world.ecs.send(new RegisterTaskDefinitionCommand({ family, containerDefinitions }))

const run = async (family: string, more: Partial<RunTaskCommandInput> = {}): Promise<Task> => {
  const { tasks, failures } = await world.ecs.send(new RunTaskCommand({ taskDefinition: family, ...more }))
  expect(failures).toEqual([])
  return tasks![0]!
}

const describeOne = async (arn: string, cluster?: string): Promise<Task> =>
  (await world.ecs.send(new DescribeTasksCommand({ cluster, tasks: [arn] }))).tasks![0]!

const reaches = (task: Task, status: string, cluster?: string): Promise<Task> =>
  until(
    () => describeOne(task.taskArn!, cluster),
    (t) => t.lastStatus === status,
  )

const byName = (task: Task) => Object.fromEntries(task.containers!.map((c) => [c.name, c]))

/** A logical instance of its own cluster, so that capacity is known. */
async function clusterWithInstance(clusterName: string, cpu = 1024, memory = 512): Promise<string> {
  await world.ecs.send(new CreateClusterCommand({ clusterName }))
  return addInstance(clusterName, cpu, memory)
}

async function addInstance(cluster: string, cpu = 1024, memory = 512): Promise<string> {
  const { containerInstance } = await world.ecs.send(
    new RegisterContainerInstanceCommand({
      cluster,
      instanceIdentityDocument: JSON.stringify({ instanceId: `i-${cluster}` }),
      totalResources: [
        { name: 'CPU', type: 'INTEGER', integerValue: cpu },
        { name: 'MEMORY', type: 'INTEGER', integerValue: memory },
      ],
    }),
  )
  return containerInstance!.containerInstanceArn!
}

test('three containers start in the order of their conditions, and the essential end stops the rest', async () => {
  await register(
    'ordered',
    program('setup', 'sleep 0.3', { essential: false }),
    program('server', 'touch /tmp/up; exec sleep 60', {
      essential: false,
      dependsOn: [{ containerName: 'setup', condition: 'SUCCESS' }],
      healthCheck: { command: ['CMD-SHELL', 'test -f /tmp/up'], interval: 5, timeout: 2, retries: 1 },
    }),
    program('main', 'exit 7', { dependsOn: [{ containerName: 'server', condition: 'HEALTHY' }] }),
  )
  const task = await reaches(await run('ordered'), 'STOPPED')
  const { setup, server, main } = byName(task)
  expect([setup!.exitCode, server!.exitCode, main!.exitCode]).toEqual([0, 143, 7])
  expect(server!.healthStatus).toBe('HEALTHY')
  expect(task).toMatchObject({
    stopCode: 'EssentialContainerExited',
    stoppedReason: 'Essential container in task exited',
  })
  expect(Number(task.startedAt)).toBeLessThanOrEqual(Number(task.executionStoppedAt))
}, 40_000)

test('a dependency that fails stops the task at once, and says so', async () => {
  await register(
    'hopeless',
    program('setup', 'exit 1', { essential: false }),
    program('main', 'exit 0', { dependsOn: [{ containerName: 'setup', condition: 'SUCCESS' }] }),
  )
  const task = await reaches(await run('hopeless'), 'STOPPED')
  expect(byName(task).main).toMatchObject({
    exitCode: 143,
    reason:
      'CannotStartContainerError: dependency graph: it depends on container setup (SUCCESS), which stopped with exit code 1',
  })
  expect(task).toMatchObject({ stopCode: 'TaskFailedToStart' })
  expect(task.startedAt).toBeUndefined()
})

test('a task stays PENDING until every container has started, and only then is RUNNING', async () => {
  await register(
    'slow',
    program('first', 'exec sleep 60', { essential: false, dependsOn: [] }),
    program('gate', 'sleep 1', { essential: false }),
    program('main', 'exec sleep 60', { dependsOn: [{ containerName: 'gate', condition: 'COMPLETE' }] }),
  )
  const task = await run('slow')
  const seen: string[] = []
  const running = await until(
    async () => {
      const now = await describeOne(task.taskArn!)
      seen.push(`${now.lastStatus} ${byName(now).first!.lastStatus} ${byName(now).main!.lastStatus}`)
      return now
    },
    (t) => t.lastStatus === 'RUNNING',
  )
  expect(seen).toContain('PENDING RUNNING PENDING')
  expect(running.startedAt).toBeDefined()
  await world.ecs.send(new StopTaskCommand({ task: task.taskArn }))
  await reaches(task, 'STOPPED')
})

test('what does not fit is a failure of its instance, and what fits runs', async () => {
  const arn = await clusterWithInstance('small', 1024, 512)
  await register('quarter', program('main', 'exec sleep 60', { cpu: 300, memory: 100 }))
  const reply = await world.ecs.send(new RunTaskCommand({ cluster: 'small', taskDefinition: 'quarter', count: 5 }))
  expect(reply.tasks).toHaveLength(3)
  expect(reply.failures).toMatchObject([
    { arn, reason: 'RESOURCE:CPU' },
    { arn, reason: 'RESOURCE:CPU' },
  ])
  await register('large', program('main', 'true', { memory: 400 }))
  const large = await world.ecs.send(new RunTaskCommand({ cluster: 'small', taskDefinition: 'large' }))
  expect(large).toMatchObject({ tasks: [], failures: [{ arn, reason: 'RESOURCE:MEMORY' }] })
  const { containerInstances } = await world.ecs.send(
    new DescribeContainerInstancesCommand({ cluster: 'small', containerInstances: [arn] }),
  )
  const remaining = Object.fromEntries(containerInstances![0]!.remainingResources!.map((r) => [r.name, r.integerValue]))
  expect(remaining).toMatchObject({ CPU: 124, MEMORY: 212 })
  expect(containerInstances![0]).toMatchObject({ ec2InstanceId: 'i-small', runningTasksCount: 3, status: 'ACTIVE' })
  const queued = await run('large', { cluster: 'small', tags: [{ key: 'taskport:queue', value: 'true' }] })
  expect(queued.lastStatus).toBe('PENDING')
  for (const task of reply.tasks!) await world.ecs.send(new StopTaskCommand({ cluster: 'small', task: task.taskArn }))
  expect(byName(await reaches(queued, 'STOPPED', 'small')).main!.exitCode).toBe(0)
})

test('a host port is one task at a time: the next is a failure for want of the port', async () => {
  const { ports, port } = await freePort()
  await world.ecs.send(
    new RegisterTaskDefinitionCommand({
      family: 'bound',
      networkMode: 'host',
      containerDefinitions: [program('main', 'exec sleep 60', { portMappings: [{ containerPort: port }] })],
    }),
  )
  ports.close()
  const task = await run('bound')
  const again = await world.ecs.send(new RunTaskCommand({ taskDefinition: 'bound' }))
  expect(again.failures).toMatchObject([{ reason: 'RESOURCE:PORTS' }])
  const running = await reaches(task, 'RUNNING')
  expect(running.containers![0]!.networkBindings).toMatchObject([
    { containerPort: port, hostPort: port, protocol: 'tcp' },
  ])
  await world.ecs.send(new StopTaskCommand({ task: task.taskArn }))
  await reaches(task, 'STOPPED')
})

async function freePort() {
  const { createServer } = await import('node:net')
  const ports = createServer()
  await new Promise<void>((resolve) => ports.listen(0, '127.0.0.1', resolve))
  return { ports, port: (ports.address() as { port: number }).port }
}

test('constraints, draining and deregistration decide where tasks may go', async () => {
  const first = await clusterWithInstance('placed')
  const second = await addInstance('placed')
  const cluster = 'placed'
  await register('spot', program('main', 'exec sleep 60'))
  await world.ecs.send(
    new PutAttributesCommand({ cluster, attributes: [{ name: 'stack', value: 'prod', targetId: second }] }),
  )
  const expression = 'attribute:stack == prod'
  const { containerInstanceArns } = await world.ecs.send(
    new ListContainerInstancesCommand({ cluster, filter: expression }),
  )
  expect(containerInstanceArns).toEqual([second])
  const onSecond = await run('spot', { cluster, placementConstraints: [{ type: 'memberOf', expression }] })
  expect(onSecond.containerInstanceArn).toBe(second)
  await world.ecs.send(
    new UpdateContainerInstancesStateCommand({ cluster, containerInstances: [second], status: 'DRAINING' }),
  )
  const refused = await world.ecs.send(
    new RunTaskCommand({ cluster, taskDefinition: 'spot', placementConstraints: [{ type: 'memberOf', expression }] }),
  )
  expect(refused.tasks).toEqual([])
  expect(refused.failures!.map((f) => f.reason)).toEqual(expect.arrayContaining(['ATTRIBUTE']))
  const distinct = { cluster, group: 'one-each', placementConstraints: [{ type: 'distinctInstance' as const }] }
  expect((await run('spot', distinct)).containerInstanceArn).toBe(first)
  expect((await world.ecs.send(new RunTaskCommand({ taskDefinition: 'spot', ...distinct }))).tasks).toEqual([])
  await expect(
    world.ecs.send(new DeregisterContainerInstanceCommand({ cluster, containerInstance: second })),
  ).rejects.toMatchObject({ name: 'InvalidParameterException', message: 'Found running tasks on the instance.' })
  const gone = await world.ecs.send(
    new DeregisterContainerInstanceCommand({ cluster, containerInstance: second, force: true }),
  )
  expect(gone.containerInstance!.status).toBe('INACTIVE')
  expect(await reaches(onSecond, 'STOPPED', cluster)).toMatchObject({
    stopCode: 'UserInitiated',
    stoppedReason: 'Container instance deregistration forced by user',
  })
  await expect(world.ecs.send(new DeleteClusterCommand({ cluster }))).rejects.toMatchObject({
    name: 'ClusterContainsContainerInstancesException',
  })
})

test('StartTask puts a task on each chosen instance and names those it cannot use', async () => {
  const arn = await clusterWithInstance('chosen')
  await register('chosen', program('main', 'exit 0'))
  const missing = 'f'.repeat(32)
  const reply = await world.ecs.send(
    new StartTaskCommand({
      cluster: 'chosen',
      taskDefinition: 'chosen',
      containerInstances: [arn, missing],
      startedBy: 'me',
    }),
  )
  expect(reply.tasks).toMatchObject([{ containerInstanceArn: arn, startedBy: 'me' }])
  expect(reply.failures).toMatchObject([{ reason: 'MISSING', arn: expect.stringContaining(missing) }])
  const eleven = Array.from({ length: 11 }, () => arn)
  await expect(
    world.ecs.send(new StartTaskCommand({ cluster: 'chosen', taskDefinition: 'chosen', containerInstances: eleven })),
  ).rejects.toMatchObject({ name: 'InvalidParameterException' })
})

test('a Fargate task begins PROVISIONING, has an interface and an address, and runs', async () => {
  await world.ecs.send(
    new RegisterTaskDefinitionCommand({
      family: 'serverless',
      networkMode: 'awsvpc',
      requiresCompatibilities: ['FARGATE'],
      cpu: '.25 vCPU',
      memory: '0.5 GB',
      containerDefinitions: [{ name: 'main', image: 'busybox', entryPoint: ['sh', '-c'], command: ['exit 0'] }],
    }),
  )
  await expect(
    world.ecs.send(new RunTaskCommand({ taskDefinition: 'serverless', launchType: 'FARGATE' })),
  ).rejects.toMatchObject({ message: "Network Configuration must be provided when networkMode 'awsvpc' is specified." })
  const networkConfiguration = { awsvpcConfiguration: { subnets: ['subnet-1'] } }
  const first = await run('serverless', { launchType: 'FARGATE', networkConfiguration })
  expect(first).toMatchObject({
    lastStatus: 'PROVISIONING',
    launchType: 'FARGATE',
    cpu: '256',
    memory: '512',
    platformVersion: '1.4.0',
  })
  expect(first.containerInstanceArn).toBeUndefined()
  const task = await reaches(first, 'STOPPED')
  const details = Object.fromEntries(task.attachments![0]!.details!.map((d) => [d.name, d.value]))
  expect(details).toMatchObject({
    subnetId: 'subnet-1',
    privateIPv4Address: expect.stringMatching(/^\d+\.\d+\.\d+\.\d+$/),
  })
  expect(task.containers![0]!.networkInterfaces![0]!.privateIpv4Address).toBe(details.privateIPv4Address)
  expect(task.containers![0]!.exitCode).toBe(0)
  const provided = await run('serverless', {
    capacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }],
    networkConfiguration,
  })
  expect(provided).toMatchObject({ capacityProviderName: 'FARGATE_SPOT', lastStatus: 'PROVISIONING' })
  expect(provided.launchType).toBeUndefined()
})

test('what cannot start says why: no program, a missing secret', async () => {
  await world.ecs.send(
    new RegisterTaskDefinitionCommand({
      family: 'imageonly',
      containerDefinitions: [{ name: 'main', image: 'nginx', memory: 32 }],
    }),
  )
  const imageOnly = await reaches(await run('imageonly'), 'STOPPED')
  expect(imageOnly).toMatchObject({
    stopCode: 'TaskFailedToStart',
    stoppedReason: expect.stringMatching(/^CannotPullContainerError: /),
  })
  expect(imageOnly.containers![0]).toMatchObject({ reason: expect.stringContaining('nginx') })
  expect(imageOnly.containers![0]!.exitCode).toBeUndefined()
  expect(imageOnly.startedAt).toBeUndefined()
  await register(
    'secretive',
    program('main', 'true', {
      secrets: [{ name: 'KEY', valueFrom: 'arn:aws:ssm:us-east-1:123456789012:parameter/nowhere' }],
    }),
  )
  const secretive = await reaches(await run('secretive'), 'STOPPED')
  expect(secretive).toMatchObject({
    stopCode: 'TaskFailedToStart',
    stoppedReason: expect.stringMatching(/^ResourceInitializationError: .*nowhere/),
  })
  await register('programless', program('main', 'true', { entryPoint: ['/no/such/program'] }))
  const programless = await reaches(await run('programless'), 'STOPPED')
  expect(programless.containers![0]!.reason).toMatch(/^CannotStartContainerError: /)
})

test('a time limit and retries come from tags', async () => {
  await register('long', program('main', 'exec sleep 60'))
  const limited = await reaches(await run('long', { tags: [{ key: 'TIMEOUT', value: '1' }] }), 'STOPPED')
  expect(limited).toMatchObject({ stopCode: 'UserInitiated', stoppedReason: expect.stringContaining('time limit') })
  await expect(
    world.ecs.send(new RunTaskCommand({ taskDefinition: 'long', tags: [{ key: 'taskport:timeout', value: 'soon' }] })),
  ).rejects.toMatchObject({ name: 'InvalidParameterException', message: expect.stringContaining('taskport:timeout') })
})

test('the default cluster is there unasked, can be deleted, and comes back', async () => {
  const other = world.client('ap-southeast-2')
  const { clusters } = await other.send(new DescribeClustersCommand({}))
  expect(clusters).toMatchObject([{ clusterName: 'default', status: 'ACTIVE', registeredContainerInstancesCount: 1 }])
  await other.send(new DeleteClusterCommand({ cluster: 'default' }))
  await expect(other.send(new RunTaskCommand({ taskDefinition: 'x' }))).rejects.toMatchObject({
    name: 'ClusterNotFoundException',
  })
  expect((await other.send(new DescribeClustersCommand({}))).clusters).toEqual([])
  await other.send(new CreateClusterCommand({}))
  expect((await other.send(new DescribeClustersCommand({}))).clusters).toMatchObject([{ status: 'ACTIVE' }])
  other.destroy()
})
