/** What a container finds inside: its metadata endpoint, its variables; and what an operator lets take an image's place. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs'
import {
  DescribeTasksCommand,
  RegisterTaskDefinitionCommand,
  type RegisterTaskDefinitionCommandInput,
  RunTaskCommand,
  type RunTaskCommandInput,
  StopTaskCommand,
  type Task,
} from '@aws-sdk/client-ecs'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { probeHost } from '../../src/executors/process/probe-host.ts'
import type { Configuration } from '../../src/server/configuration.ts'
import { type AwsWorld, openAwsWorld, until } from '../support/aws-world.ts'

const NODE = dirname(process.execPath)
const node = { name: 'node', host: { sourcePath: NODE } }
const mountPoints = [{ sourceVolume: 'node', containerPath: '/run/node', readOnly: true }]

const program = (script: string, more: object = {}) => ({
  name: 'main',
  image: 'busybox',
  memory: 128,
  entryPoint: ['/run/node/node', '-e'],
  command: [script],
  mountPoints,
  ...more,
})

class Runner {
  readonly world: AwsWorld

  constructor(world: AwsWorld) {
    this.world = world
  }

  async start(definition: RegisterTaskDefinitionCommandInput, more: Partial<RunTaskCommandInput> = {}): Promise<Task> {
    await this.world.ecs.send(new RegisterTaskDefinitionCommand({ volumes: [node], ...definition }))
    const run = new RunTaskCommand({ taskDefinition: definition.family, ...more })
    const { tasks, failures } = await this.world.ecs.send(run)
    expect(failures).toEqual([])
    return tasks![0]!
  }

  reaches(task: Task, status = 'STOPPED'): Promise<Task> {
    const describe = new DescribeTasksCommand({ tasks: [task.taskArn!] })
    return until(
      async () => (await this.world.ecs.send(describe)).tasks![0]!,
      (t) => t.lastStatus === status,
    )
  }

  async linesOf(family: string, task: Task): Promise<readonly string[]> {
    const logStreamName = `main/main/${task.taskArn!.split('/').at(-1)}`
    const command = new GetLogEventsCommand({
      logGroupName: `/taskport/ecs/${family}`,
      logStreamName,
      startFromHead: true,
    })
    return (await this.world.logs.send(command)).events!.map((e) => e.message!)
  }
}

describe('in a container', () => {
  let world: AwsWorld
  let runner: Runner
  beforeAll(async () => {
    world = await openAwsWorld({ executor: 'process', allowBind: [NODE] })
    runner = new Runner(world)
  })
  afterAll(() => world.close())

  /** Asks every path of its metadata endpoint and prints the answers, a line each. */
  const ASK = `(async () => {
    const base = process.env.ECS_CONTAINER_METADATA_URI_V4
    for (const path of ['', '/task', '/taskWithTags', '/stats', '/task/stats'])
      console.log(JSON.stringify(await (await fetch(base + path)).json()))
    console.log(JSON.stringify([process.env.AWS_EXECUTION_ENV, (await fetch(base.slice(0, -3) + 'xyz')).status, base]))
  })()`

  test('the metadata endpoint tells of the container, its task, tags and what it uses, and nothing to who has not its address', async () => {
    const task = await runner.start(
      { family: 'asking', containerDefinitions: [program(ASK), program('', { name: 'side', essential: false })] },
      { tags: [{ key: 'team', value: 'a' }] },
    )
    await runner.reaches(task)
    const lines = (await runner.linesOf('asking', task)).map((line) => JSON.parse(line))
    const [own, whole, tagged, stats, all, [environment, elsewhere, address]] = lines
    expect(own).toMatchObject({
      Name: 'main',
      Image: 'busybox',
      KnownStatus: 'RUNNING',
      LogDriver: 'awslogs',
      LogOptions: { 'awslogs-region': 'us-east-1', 'awslogs-group': expect.stringMatching(/^\/taskport\/ecs\//) },
      DesiredStatus: 'RUNNING',
      Labels: { 'com.amazonaws.ecs.task-arn': task.taskArn, 'com.amazonaws.ecs.container-name': 'main' },
      ContainerARN: task.containers!.find((c) => c.name === 'main')!.containerArn,
      Type: 'NORMAL',
      Limits: { CPU: 0, Memory: 128 },
    })
    expect(whole).toMatchObject({ TaskARN: task.taskArn, Family: 'asking', Revision: '1', LaunchType: 'EC2' })
    expect(whole.Containers.map((c: { Name: string }) => c.Name)).toEqual(['main', 'side'])
    expect([whole.TaskTags, tagged.TaskTags]).toEqual([undefined, { team: 'a' }])
    expect(stats.memory_stats.usage).toBeGreaterThan(1_000_000)
    expect(stats.cpu_stats.cpu_usage.total_usage).toBeGreaterThan(0)
    expect(Object.keys(all)).toEqual(['main', 'side'])
    expect([environment, elsewhere]).toEqual(['AWS_ECS_EC2', 404])
    expect(address).toContain('/taskport/ecs-metadata/v4/')
  })

  test('an awsvpc task on EC2 has an interface with the address its containers report, and no port bindings', async () => {
    const definition = {
      family: 'vpc',
      networkMode: 'awsvpc' as const,
      containerDefinitions: [program('setTimeout(() => {}, 60000)', { portMappings: [{ containerPort: 18080 }] })],
    }
    const task = await runner.start(definition, {
      networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-9'] } },
    })
    const running = await runner.reaches(task, 'RUNNING')
    const [attachment] = running.attachments!
    const details = Object.fromEntries(attachment!.details!.map((d) => [d.name, d.value]))
    expect(attachment).toMatchObject({ type: 'ElasticNetworkInterface', status: 'ATTACHED' })
    expect(details).toMatchObject({ subnetId: 'subnet-9', networkInterfaceId: expect.stringMatching(/^eni-/) })
    expect(running.containers![0]).toMatchObject({
      networkBindings: [],
      networkInterfaces: [{ attachmentId: attachment!.id, privateIpv4Address: details.privateIPv4Address }],
    })
    await world.ecs.send(new StopTaskCommand({ task: task.taskArn }))
  })

  test('volumes are shared between the containers of a task, and with nobody else', async () => {
    const shared = [{ sourceVolume: 'shared', containerPath: '/shared' }, ...mountPoints]
    const write = "require('fs').writeFileSync('/shared/x', 'written')"
    const read = "console.log(require('fs').readdirSync('/shared').join(), process.argv.length)"
    const containers = (script: string) => [
      program(script, { name: 'first', essential: false, mountPoints: shared }),
      program(read, { mountPoints: shared, dependsOn: [{ containerName: 'first', condition: 'SUCCESS' }] }),
    ]
    const volumes = [node, { name: 'shared' }]
    const one = await runner.start({ family: 'sharing', volumes, containerDefinitions: containers(write) })
    await runner.reaches(one)
    const other = await runner.start({ family: 'sharing', volumes, containerDefinitions: containers('') })
    await runner.reaches(other)
    const seen = [await runner.linesOf('sharing', one), await runner.linesOf('sharing', other)]
    expect(seen.map(([line]) => line!.split(' ')[0])).toEqual(['x', ''])
  })
})

describe('in the place of an image', () => {
  let world: AwsWorld | undefined
  let root: string | undefined
  afterEach(async () => {
    await world?.close()
    if (root) rmSync(root, { recursive: true, force: true })
    world = undefined
    root = undefined
  })
  const open = async (more: Partial<Configuration>): Promise<Runner> => {
    world = await openAwsWorld({ executor: 'process', ...more })
    return new Runner(world)
  }
  const plain = (family: string, image: string, ...command: readonly string[]) => ({
    family,
    volumes: [],
    containerDefinitions: [{ name: 'main', image, memory: 32, entryPoint: ['/bin/cat'], command: [...command] }],
  })

  test('a program of the machine runs only where the operator allows it', async () => {
    const runner = await open({ imageFallback: 'off' })
    const task = await runner.reaches(await runner.start(plain('forbidden', 'nginx', '/etc/hostname')))
    expect(task).toMatchObject({ stopCode: 'TaskFailedToStart' })
    expect(task.containers![0]!.reason).toContain('nginx')
  })

  const BUSYBOX = ['/bin/busybox', '/usr/bin/busybox'].find(existsSync)
  const canHaveRoot = BUSYBOX !== undefined && probeHost().bwrap !== undefined

  test.runIf(canHaveRoot)(
    'a directory the operator names is its file system, and nothing of the machine is in it',
    async () => {
      root = mkdtempSync(join(tmpdir(), 'taskport-root-'))
      for (const directory of ['etc', 'bin']) mkdirSync(join(root, directory))
      for (const applet of ['cat', 'ls']) copyFileSync(BUSYBOX!, join(root, 'bin', applet))
      writeFileSync(join(root, 'etc/os-release'), 'from the image\n')
      const runner = await open({ imageRoots: [`tiny:1=${root}`] })
      const rooted = await runner.reaches(await runner.start(plain('rooted', 'tiny:1', '/etc/os-release')))
      expect([rooted.containers![0]!.exitCode, await runner.linesOf('rooted', rooted)]).toEqual([0, ['from the image']])
      const machines = await runner.reaches(await runner.start(plain('machine', 'tiny:1', '/etc/passwd')))
      expect(machines.containers![0]!.exitCode).toBe(1)
    },
  )

  test('a size that AWS does not sell is refused where the operator checks sizes', async () => {
    const runner = await open({ fargateSizes: 'checked' })
    const odd = {
      ...plain('odd', 'b', 'x'),
      requiresCompatibilities: ['FARGATE' as const],
      networkMode: 'awsvpc' as const,
    }
    await expect(runner.start({ ...odd, cpu: '300', memory: '512' })).rejects.toMatchObject({ name: 'ClientException' })
    await expect(runner.start({ ...odd, cpu: '256', memory: '9999' })).rejects.toMatchObject({
      message: 'No Fargate configuration exists for given values.',
    })
  })
})
