/** Task definitions from registration to deletion, and what tools ask of them. */
import {
  DeleteTaskDefinitionsCommand,
  DeregisterTaskDefinitionCommand,
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  ListTaskDefinitionFamiliesCommand,
  ListTaskDefinitionsCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
  type TaskDefinition,
} from '@aws-sdk/client-ecs'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { type AwsWorld, openAwsWorld, until } from '../support/aws-world.ts'

let world: AwsWorld
beforeAll(async () => {
  world = await openAwsWorld()
})
afterEach(() => void vi.useRealTimers())
afterAll(() => world.close())

const container = { name: 'main', image: 'busybox', memory: 32, entryPoint: ['sh', '-c'], command: ['exec sleep 60'] }

const register = async (family: string, more: object = {}): Promise<TaskDefinition> => {
  const input = { family, containerDefinitions: [container], ...more }
  return (await world.ecs.send(new RegisterTaskDefinitionCommand(input))).taskDefinition!
}
const describeOne = async (taskDefinition: string): Promise<TaskDefinition> =>
  (await world.ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition }))).taskDefinition!
const arnsOf = async (status: 'ACTIVE' | 'INACTIVE' | 'DELETE_IN_PROGRESS', familyPrefix: string) =>
  (await world.ecs.send(new ListTaskDefinitionsCommand({ status, familyPrefix }))).taskDefinitionArns
const later = (ms: number): void => void vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms })

test('a deleted revision is shown on its way out while a task uses it, and is gone when none does', async () => {
  const { taskDefinitionArn: arn } = await register('leaving')
  const { tasks } = await world.ecs.send(new RunTaskCommand({ taskDefinition: arn }))
  const remove = () => world.ecs.send(new DeleteTaskDefinitionsCommand({ taskDefinitions: [arn!, 'leaving:9', 'x'] }))
  expect((await remove()).failures!.map((f) => f.reason)).toEqual([
    expect.stringContaining('still in ACTIVE status'),
    expect.stringContaining('does not exist'),
    expect.stringContaining('identifier is invalid'),
  ])
  await world.ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition: arn }))
  expect((await remove()).taskDefinitions).toMatchObject([{ status: 'DELETE_IN_PROGRESS', taskDefinitionArn: arn }])
  later(2 * 3_600_000)
  expect([(await describeOne(arn!)).status, await arnsOf('DELETE_IN_PROGRESS', 'leaving')]).toEqual([
    'DELETE_IN_PROGRESS',
    [arn],
  ])
  vi.useRealTimers()
  const task = tasks![0]!.taskArn!
  await world.ecs.send(new StopTaskCommand({ task }))
  await until(
    async () => (await world.ecs.send(new DescribeTasksCommand({ tasks: [task] }))).tasks![0]!.lastStatus,
    (status) => status === 'STOPPED',
  )
  later(2 * 3_600_000)
  expect(await arnsOf('DELETE_IN_PROGRESS', 'leaving')).toEqual([])
  await expect(describeOne(arn!)).rejects.toMatchObject({
    name: 'ClientException',
    message: 'Unable to describe task definition.',
  })
  vi.useRealTimers()
  expect((await register('leaving')).revision).toBe(2)
})

test('what was registered comes back unchanged, with the defaults AWS fills in and nothing else', async () => {
  const given = {
    ...container,
    essential: false,
    links: ['other:alias'],
    portMappings: [{ containerPort: 80, hostPort: 0 }],
    environment: [
      { name: 'B', value: '2' },
      { name: 'A', value: '1' },
    ],
    secrets: [{ name: 'S', valueFrom: 'arn:aws:ssm:us-east-1:123456789012:parameter/s' }],
    dockerLabels: { team: 'a' },
    ulimits: [{ name: 'nofile' as const, softLimit: 100, hardLimit: 200 }],
    logConfiguration: {
      logDriver: 'awslogs' as const,
      options: { 'awslogs-group': '/g', 'awslogs-region': 'us-east-1', 'awslogs-stream-prefix': 'p' },
    },
    healthCheck: { command: ['CMD-SHELL', 'true'], interval: 10 },
    linuxParameters: { initProcessEnabled: true, capabilities: { drop: ['ALL'] } },
    startTimeout: 30,
    stopTimeout: 5,
    user: 'nobody',
    workingDirectory: '/tmp',
    hostname: 'h',
  }
  const other = { ...container, name: 'other' }
  const registered = await register('kept', {
    containerDefinitions: [given, other],
    networkMode: 'bridge',
    taskRoleArn: 'arn:aws:iam::123456789012:role/task',
    volumes: [{ name: 'data', host: { sourcePath: '/data' } }],
    requiresCompatibilities: ['EC2'],
    cpu: '256',
    memory: '512',
  })
  const described = await describeOne('kept')
  expect(described).toEqual(registered)
  const defaults = { cpu: 0, portMappings: [], essential: true, environment: [], mountPoints: [], volumesFrom: [] }
  const [first, second] = described.containerDefinitions!.map(({ systemControls: _, ...rest }) => rest)
  expect(first).toEqual({
    ...defaults,
    ...given,
    portMappings: [{ ...given.portMappings[0], protocol: 'tcp' }],
  })
  expect(second).toEqual({ ...defaults, ...other })
})

test('lists page through families and revisions in order, in both directions', async () => {
  for (const family of ['page-b', 'page-a', 'page-a', 'page-c']) await register(family)
  await world.ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition: 'page-c:1' }))
  const families = async (more: object) =>
    (await world.ecs.send(new ListTaskDefinitionFamiliesCommand({ familyPrefix: 'page-', ...more }))).families
  expect(await families({})).toEqual(['page-a', 'page-b', 'page-c'])
  expect(await families({ status: 'INACTIVE' })).toEqual(['page-c'])
  const walked: string[] = []
  let nextToken: string | undefined
  do {
    const page = await world.ecs.send(new ListTaskDefinitionsCommand({ sort: 'DESC', maxResults: 1, nextToken }))
    walked.push(...page.taskDefinitionArns!.map((arn) => arn.split('/')[1]!))
    nextToken = page.nextToken
  } while (nextToken)
  expect(walked.filter((name) => name.startsWith('page-'))).toEqual(['page-b:1', 'page-a:2', 'page-a:1'])
  await expect(world.ecs.send(new ListTaskDefinitionsCommand({ nextToken: 'x' }))).rejects.toMatchObject({
    name: 'InvalidParameterException',
    message: 'Invalid token.',
  })
})
