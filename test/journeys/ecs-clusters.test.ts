/** Clusters, their instances and where tasks go: strategies, constraints, states, attributes, tags and account settings. */
import {
  CreateClusterCommand,
  DeleteAccountSettingCommand,
  DeleteAttributesCommand,
  DeleteClusterCommand,
  DeregisterContainerInstanceCommand,
  DescribeClustersCommand,
  DescribeContainerInstancesCommand,
  DescribeTasksCommand,
  ListAccountSettingsCommand,
  ListAttributesCommand,
  ListContainerInstancesCommand,
  ListTagsForResourceCommand,
  PutAccountSettingCommand,
  PutAttributesCommand,
  PutClusterCapacityProvidersCommand,
  RegisterContainerInstanceCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  type RunTaskCommandInput,
  StartTaskCommand,
  StopTaskCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateContainerInstancesStateCommand,
} from '@aws-sdk/client-ecs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AwsWorld, openAwsWorld, until } from '../support/aws-world.ts'

let world: AwsWorld
beforeAll(async () => {
  world = await openAwsWorld()
  const containerDefinitions = [
    { name: 'main', image: 'b', cpu: 100, memory: 50, entryPoint: ['sh', '-c'], command: ['exec sleep 60'] },
  ]
  await world.ecs.send(new RegisterTaskDefinitionCommand({ family: 'sleeper', containerDefinitions }))
})
afterAll(() => world.close())

interface Wanted {
  readonly zone?: string
  readonly cpu?: number
  readonly memory?: number
}

async function addInstance(cluster: string, { zone = 'a', cpu = 1_000, memory = 500 }: Wanted = {}): Promise<string> {
  const { containerInstance } = await world.ecs.send(
    new RegisterContainerInstanceCommand({
      cluster,
      instanceIdentityDocument: JSON.stringify({ instanceId: `i-${zone}` }),
      totalResources: [
        { name: 'CPU', type: 'INTEGER', integerValue: cpu },
        { name: 'MEMORY', type: 'INTEGER', integerValue: memory },
      ],
      attributes: [{ name: 'zone', value: zone }],
    }),
  )
  return containerInstance!.containerInstanceArn!
}

async function newCluster(clusterName: string, ...instances: readonly Wanted[]): Promise<readonly string[]> {
  await world.ecs.send(new CreateClusterCommand({ clusterName }))
  const arns: string[] = []
  for (const wanted of instances) arns.push(await addInstance(clusterName, wanted))
  return arns
}

/** Runs so many and says on which instance each landed. */
async function placed(cluster: string, count: number, more: Partial<RunTaskCommandInput> = {}) {
  const input = { cluster, taskDefinition: 'sleeper', count, ...more }
  const { tasks, failures } = await world.ecs.send(new RunTaskCommand(input))
  return { on: tasks!.map((t) => t.containerInstanceArn!), failures: failures!, tasks: tasks! }
}

const countOf = (on: readonly string[], arns: readonly string[]): readonly number[] =>
  arns.map((arn) => on.filter((a) => a === arn).length)

describe('placement', () => {
  test('spreads over instances, over an attribute first, or packs one full before the next', async () => {
    const arns = await newCluster('strategies', { zone: 'a' }, { zone: 'a' }, { zone: 'b' })
    const spread = await placed('strategies', 6, { placementStrategy: [{ type: 'spread', field: 'instanceId' }] })
    expect(countOf(spread.on, arns)).toEqual([2, 2, 2])
    const zones = await newCluster('zones', { zone: 'a' }, { zone: 'a' }, { zone: 'b' })
    const byZone = await placed('zones', 4, {
      placementStrategy: [
        { type: 'spread', field: 'attribute:zone' },
        { type: 'spread', field: 'instanceId' },
      ],
    })
    expect(countOf(byZone.on, zones)).toEqual([1, 1, 2])
    const packed = await newCluster('packed', { cpu: 300 }, { cpu: 1_000 }, { cpu: 500 })
    const pack = await placed('packed', 4, { placementStrategy: [{ type: 'binpack', field: 'cpu' }] })
    expect(countOf(pack.on, packed)).toEqual([3, 0, 1])
  })

  test('keeps what must be apart on distinct instances, within one call too, whatever runs elsewhere', async () => {
    const [cluster, distinct] = ['distinct', { placementConstraints: [{ type: 'distinctInstance' as const }] }]
    const arns = await newCluster(cluster, {}, {})
    const first = await placed(cluster, 3, distinct)
    expect([countOf(first.on, arns), first.failures.map((f) => f.reason)]).toEqual([
      [1, 1],
      ['ATTRIBUTE', 'ATTRIBUTE'],
    ])
    const avoiding = [{ type: 'memberOf' as const, expression: 'not(task:group == apart)' }]
    const second = await placed(cluster, 3, { group: 'apart', placementConstraints: avoiding })
    expect(countOf(second.on, arns)).toEqual([1, 1])
    expect(new Set(second.failures.map((f) => f.reason))).toEqual(new Set(['ATTRIBUTE']))
  })

  test('is random by default: many tasks use every instance', async () => {
    const arns = await newCluster('random', {}, {}, {})
    const on = [...(await placed('random', 10)).on, ...(await placed('random', 10)).on]
    expect(countOf(on, arns).every((n) => n > 0)).toBe(true)
  })

  test.each([
    ['attribute:zone in [a, c]', [0]],
    ['attribute:zone !in [a, c]', [1]],
    ['attribute:zone =~ ^[b-z]$ and agentConnected == true', [1]],
    ['not (attribute:zone == a) or ec2InstanceId == i-a', [0, 1]],
    ['attribute:missing !exists && runningTasksCount >= 0', [0, 1]],
    ['task:group == family:sleeper', []],
  ] as const)('obeys %s', async (expression, wanted) => {
    const cluster = 'query'
    const found = await world.ecs.send(new DescribeClustersCommand({ clusters: [cluster] }))
    if (found.clusters!.length === 0) await newCluster(cluster, { zone: 'a' }, { zone: 'b' })
    const all = (await world.ecs.send(new ListContainerInstancesCommand({ cluster }))).containerInstanceArns!
    const described = await world.ecs.send(new DescribeContainerInstancesCommand({ cluster, containerInstances: all }))
    const zoneOf = (arn: string): string =>
      described
        .containerInstances!.find((i) => i.containerInstanceArn === arn)!
        .attributes!.find((a) => a.name === 'zone')!.value!
    const { containerInstanceArns } = await world.ecs.send(
      new ListContainerInstancesCommand({ cluster, filter: expression }),
    )
    expect(containerInstanceArns!.map(zoneOf).sort()).toEqual(wanted.map((i) => 'ab'[i]))
    const { on, failures, tasks } = await placed(cluster, 1, {
      group: 'apart',
      placementConstraints: [{ type: 'memberOf', expression }],
    })
    if (wanted.length === 0) expect(failures.map((f) => f.reason)).toEqual(['ATTRIBUTE', 'ATTRIBUTE'])
    else expect(wanted.map((i) => 'ab'[i])).toContain(zoneOf(on[0]!))
    for (const { taskArn } of tasks) await world.ecs.send(new StopTaskCommand({ cluster, task: taskArn }))
  })

  test('says of each instance what it lacked, and starts nothing on one that is gone, unknown or full', async () => {
    const cluster = 'lacking'
    const [small, gone] = await newCluster(cluster, { cpu: 50 }, {})
    await world.ecs.send(new DeregisterContainerInstanceCommand({ cluster, containerInstance: gone! }))
    const run = await placed(cluster, 1)
    expect(run.failures).toMatchObject([{ arn: small, reason: 'RESOURCE:CPU' }])
    const unknown = small!.replace(/[0-9a-f]{32}$/, 'f'.repeat(32))
    const started = await world.ecs.send(
      new StartTaskCommand({ cluster, taskDefinition: 'sleeper', containerInstances: [small!, gone!, unknown] }),
    )
    expect(started.tasks).toEqual([])
    const reasons = Object.fromEntries(started.failures!.map((f) => [f.arn, f.reason]))
    expect(reasons).toEqual({ [small!]: 'RESOURCE:CPU', [gone!]: 'INACTIVE', [unknown]: 'MISSING' })
  })

  test('who wants a GPU or Windows finds no instance that has it', async () => {
    const cluster = 'plainware'
    const [one] = await newCluster(cluster, {})
    const resourceRequirements = [{ type: 'GPU' as const, value: '1' }]
    const overrides = { containerOverrides: [{ name: 'main', resourceRequirements }] }
    expect((await placed(cluster, 2, { overrides })).failures).toEqual([
      { arn: one, reason: 'RESOURCE:GPU' },
      { arn: one, reason: 'RESOURCE:GPU' },
    ])
    const started = await world.ecs.send(
      new StartTaskCommand({ cluster, taskDefinition: 'sleeper', containerInstances: [one!], overrides }),
    )
    expect([started.tasks, started.failures]).toEqual([[], [{ arn: one, reason: 'RESOURCE:GPU' }]])
    const containerDefinitions = [{ name: 'main', image: 'b', memory: 50, entryPoint: ['true'] }]
    const runtimePlatform = { operatingSystemFamily: 'WINDOWS_SERVER_2022_CORE' as const }
    await world.ecs.send(
      new RegisterTaskDefinitionCommand({ family: 'windows', containerDefinitions, runtimePlatform }),
    )
    expect((await placed(cluster, 1, { taskDefinition: 'windows' })).failures).toEqual([
      { arn: one, reason: 'ATTRIBUTE' },
    ])
  })

  test('puts nothing new on a draining instance and leaves what runs there', async () => {
    const cluster = 'draining'
    const [only] = await newCluster(cluster, {})
    const { tasks } = await placed(cluster, 1)
    const state = (status: 'ACTIVE' | 'DRAINING') =>
      world.ecs.send(new UpdateContainerInstancesStateCommand({ cluster, status, containerInstances: [only!] }))
    expect((await state('DRAINING')).containerInstances).toMatchObject([{ status: 'DRAINING', runningTasksCount: 1 }])
    const refused = await world.ecs
      .send(new RunTaskCommand({ cluster, taskDefinition: 'sleeper' }))
      .catch((error: Error) => error.message)
    expect(refused).toBe('No Container Instances were found in your cluster.')
    const described = await world.ecs.send(new DescribeTasksCommand({ cluster, tasks: [tasks[0]!.taskArn!] }))
    expect(described.tasks![0]!.desiredStatus).toBe('RUNNING')
    await state('ACTIVE')
    expect((await placed(cluster, 1)).failures).toEqual([])
  })
})

test('attributes are put, found by value and deleted again; an unknown target is named', async () => {
  const cluster = 'attributed'
  const [arn] = await newCluster(cluster, {})
  const attribute = { name: 'disk', value: 'ssd', targetId: arn! }
  await world.ecs.send(new PutAttributesCommand({ cluster, attributes: [attribute] }))
  const found = async (more: object) =>
    (await world.ecs.send(new ListAttributesCommand({ cluster, targetType: 'container-instance', ...more }))).attributes
  expect(await found({ attributeName: 'disk', attributeValue: 'ssd' })).toMatchObject([{ name: 'disk', value: 'ssd' }])
  expect(await found({ attributeName: 'disk', attributeValue: 'hdd' })).toEqual([])
  await world.ecs.send(new DeleteAttributesCommand({ cluster, attributes: [{ name: 'disk', targetId: arn! }] }))
  expect(await found({ attributeName: 'disk' })).toEqual([])
  const unknown = { ...attribute, targetId: 'f'.repeat(32) }
  await expect(world.ecs.send(new PutAttributesCommand({ cluster, attributes: [unknown] }))).rejects.toMatchObject({
    name: 'TargetNotFoundException',
  })
})

test('an account setting is shown with its default until it is put, and after it is deleted', async () => {
  const name = 'containerInsights' as const
  const shown = async () => {
    const input = { name, effectiveSettings: true }
    return (await world.ecs.send(new ListAccountSettingsCommand(input))).settings!.map((s) => s.value)
  }
  expect(await shown()).toEqual(['disabled'])
  await world.ecs.send(new PutAccountSettingCommand({ name, value: 'enabled' }))
  expect(await shown()).toEqual(['enabled'])
  await world.ecs.send(new DeleteAccountSettingCommand({ name }))
  expect(await shown()).toEqual(['disabled'])
})

test('clusters, instances, definitions and tasks carry tags; a task takes its definition’s where that is asked', async () => {
  const cluster = 'tagged'
  const [instance] = await newCluster(cluster, {})
  const { taskDefinition } = await world.ecs.send(
    new RegisterTaskDefinitionCommand({
      family: 'tagged',
      tags: [
        { key: 'from', value: 'definition' },
        { key: 'who', value: 'definition' },
      ],
      containerDefinitions: [{ name: 'm', image: 'b', memory: 16, entryPoint: ['sleep', '60'] }],
    }),
  )
  const { tasks } = await placed(cluster, 1, {
    taskDefinition: 'tagged',
    propagateTags: 'TASK_DEFINITION',
    enableECSManagedTags: true,
    tags: [{ key: 'who', value: 'request' }],
  })
  const tagsOf = async (resourceArn: string) => {
    const { tags } = await world.ecs.send(new ListTagsForResourceCommand({ resourceArn }))
    return Object.fromEntries(tags!.map((t) => [t.key, t.value]))
  }
  const task = tasks[0]!.taskArn!
  expect(await tagsOf(task)).toEqual({ from: 'definition', who: 'request', 'aws:ecs:clusterName': cluster })
  const clusterArn = task.replace(/:task\/.*/, `:cluster/${cluster}`)
  for (const resourceArn of [task, instance!, clusterArn, taskDefinition!.taskDefinitionArn!]) {
    const before = await tagsOf(resourceArn)
    // All at once: no client's tag may get lost by another's.
    const keys = Array.from({ length: 8 }, (_, i) => `new${i}`)
    const tag = (key: string) => world.ecs.send(new TagResourceCommand({ resourceArn, tags: [{ key, value: '1' }] }))
    await Promise.all(keys.map(tag))
    expect(await tagsOf(resourceArn)).toEqual({ ...before, ...Object.fromEntries(keys.map((key) => [key, '1'])) })
    const untag = (key: string) => world.ecs.send(new UntagResourceCommand({ resourceArn, tagKeys: [key] }))
    await Promise.all(keys.map(untag))
    expect(await tagsOf(resourceArn)).toEqual(before)
  }
  const described = await world.ecs.send(new DescribeTasksCommand({ cluster, tasks: [task] }))
  expect(described.tasks![0]!.tags).toEqual([])
  await world.ecs.send(new TagResourceCommand({ resourceArn: instance!, tags: [{ key: 'rack', value: '7' }] }))
  const { containerInstance } = await world.ecs.send(
    new RegisterContainerInstanceCommand({
      cluster,
      containerInstanceArn: instance!,
      versionInfo: { agentVersion: '1.99.0' },
    }),
  )
  expect(containerInstance).toMatchObject({
    containerInstanceArn: instance,
    versionInfo: { agentVersion: '1.99.0' },
    tags: [{ key: 'rack', value: '7' }],
  })
})

test('a cluster with a default strategy runs on it, and goes only when it is empty', async () => {
  const cluster = 'provided'
  await newCluster(cluster)
  await world.ecs.send(
    new PutClusterCapacityProvidersCommand({
      cluster,
      capacityProviders: ['FARGATE', 'FARGATE_SPOT'],
      defaultCapacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }],
    }),
  )
  await world.ecs.send(
    new RegisterTaskDefinitionCommand({
      family: 'provided',
      requiresCompatibilities: ['FARGATE'],
      networkMode: 'awsvpc',
      cpu: '256',
      memory: '512',
      containerDefinitions: [{ name: 'm', image: 'b', entryPoint: ['sleep', '60'] }],
    }),
  )
  const networkConfiguration = { awsvpcConfiguration: { subnets: ['subnet-1'] } }
  const { tasks } = await placed(cluster, 1, { taskDefinition: 'provided', networkConfiguration })
  expect(tasks[0]).toMatchObject({ capacityProviderName: 'FARGATE_SPOT', lastStatus: 'PROVISIONING' })
  await expect(world.ecs.send(new DeleteClusterCommand({ cluster }))).rejects.toMatchObject({
    name: 'ClusterContainsTasksException',
  })
  const task = tasks[0]!.taskArn
  await world.ecs.send(new StopTaskCommand({ cluster, task }))
  await until(
    async () => (await world.ecs.send(new DescribeTasksCommand({ cluster, tasks: [task!] }))).tasks![0]!.lastStatus,
    (status) => status === 'STOPPED',
  )
  expect((await world.ecs.send(new DeleteClusterCommand({ cluster }))).cluster!.status).toBe('INACTIVE')
  const runAgain = world.ecs.send(new RunTaskCommand({ cluster, taskDefinition: 'sleeper' }))
  await expect(runAgain).rejects.toMatchObject({ name: 'ClusterNotFoundException' })
})
