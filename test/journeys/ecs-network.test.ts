import type { AddressInfo } from 'node:net'
import { createServer as listenOn } from 'node:net'
import { dirname } from 'node:path'
import {
  DescribeTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
  type Task,
} from '@aws-sdk/client-ecs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { probeHost } from '../../src/executors/process/probe-host.ts'
import { type AwsWorld, openAwsWorld, until } from '../support/aws-world.ts'

const NODE = '/run/node/node'
/** This very Node, which may lie where a sandbox does not show it. */
const node = { name: 'node', host: { sourcePath: dirname(process.execPath) } }
const mountPoints = [{ sourceVolume: 'node', containerPath: '/run/node', readOnly: true }]

const serving = (port: number, words: string): string =>
  `require('node:http').createServer((q, a) => a.end('${words}')).listen(${port})`

const container = (name: string, script: string, more: object = {}): object => ({
  name,
  image: 'node',
  memory: 128,
  entryPoint: [NODE, '-e'],
  command: [script],
  mountPoints,
  ...more,
})

async function freePort(): Promise<number> {
  const server = listenOn().listen(0)
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

const get = (port: number): Promise<string> =>
  fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' }, signal: AbortSignal.timeout(2_000) })
    .then((answer) => answer.text())
    .catch((error: Error) => error.name)

describe.runIf(probeHost().network !== undefined)('a task in bridge mode, without a container engine', () => {
  let world: AwsWorld
  beforeAll(async () => {
    world = await openAwsWorld({ executor: 'process', allowBind: [dirname(process.execPath)] })
  })
  afterAll(() => world.close())

  const describeOne = async (arn: string): Promise<Task> =>
    (await world.ecs.send(new DescribeTasksCommand({ tasks: [arn] }))).tasks![0]!

  const run = async (family: string, containerDefinitions: readonly object[]): Promise<string> => {
    const definition = { family, networkMode: 'bridge' as const, volumes: [node] }
    await world.ecs.send(
      new RegisterTaskDefinitionCommand({ ...definition, containerDefinitions: containerDefinitions as never[] }),
    )
    const { tasks } = await world.ecs.send(new RunTaskCommand({ taskDefinition: family }))
    return tasks![0]!.taskArn!
  }

  const running = (arn: string): Promise<Task> =>
    until(
      () => describeOne(arn),
      (t) => t.lastStatus === 'RUNNING' || t.lastStatus === 'STOPPED',
    )

  test('has its ports on the host, the fixed one as named and the other as reported, both of its containers inside', async () => {
    const fixed = await freePort()
    const arn = await run('published', [
      container('web', serving(80, 'web'), { portMappings: [{ containerPort: 80, hostPort: fixed }] }),
      container('api', serving(8080, 'api'), { portMappings: [{ containerPort: 8080, protocol: 'tcp' }] }),
    ])
    const task = await running(arn)
    const bindings = Object.fromEntries(task.containers!.map((c) => [c.name, c.networkBindings]))
    const dynamic = bindings.api![0]!.hostPort!
    expect(bindings).toEqual({
      web: [{ bindIP: '127.0.0.1', containerPort: 80, hostPort: fixed, protocol: 'tcp' }],
      api: [{ bindIP: '127.0.0.1', containerPort: 8080, hostPort: dynamic, protocol: 'tcp' }],
    })
    await expect.poll(() => get(fixed), { timeout: 15_000 }).toBe('web')
    await expect.poll(() => get(dynamic), { timeout: 15_000 }).toBe('api')
    await world.ecs.send(new StopTaskCommand({ task: arn }))
    await until(
      () => describeOne(arn),
      (t) => t.lastStatus === 'STOPPED',
    )
    expect(await get(fixed)).toBe('TypeError')
  })

  test('lets a container reach a linked one by its alias, and its own metadata, but not another port of the host', async () => {
    const other = listenOn((socket) => socket.end('secret')).listen(0, '127.0.0.1')
    await new Promise((resolve) => other.once('listening', resolve))
    const { port } = other.address() as AddressInfo
    const script = `(async () => {
      const ask = (url) => fetch(url).then((r) => r.text())
      const again = async (url) => { for (;;) try { return await ask(url) } catch { await new Promise((r) => setTimeout(r, 100)) } }
      const linked = await again('http://database:5432/')
      const metadata = JSON.parse(await ask(process.env.ECS_CONTAINER_METADATA_URI_V4 + '/task'))
      const host = await ask('http://127.0.0.1:${port}/').then(() => 'reached', (error) => error.cause?.code)
      process.exit(linked === 'rows' && metadata.Family === 'linked' && host === 'ECONNREFUSED' ? 42 : 1)
    })()`
    const arn = await run('linked', [
      container('db', serving(5432, 'rows'), { essential: false }),
      container('app', script, { links: ['db:database'] }),
    ])
    const task = await until(
      () => describeOne(arn),
      (t) => t.lastStatus === 'STOPPED',
      40_000,
    )
    other.close()
    expect(task.containers!.find((c) => c.name === 'app')).toMatchObject({ exitCode: 42 })
  }, 60_000)

  test('fails when its host port is taken by another program, and says which', async () => {
    const taken = listenOn().listen(0)
    await new Promise((resolve) => taken.once('listening', resolve))
    const { port } = taken.address() as AddressInfo
    const arn = await run('taken', [
      container('web', serving(80, 'x'), { portMappings: [{ containerPort: 80, hostPort: port }] }),
    ])
    const task = await until(
      () => describeOne(arn),
      (t) => t.lastStatus === 'STOPPED',
    )
    taken.close()
    expect(task.containers![0]!.reason).toContain(String(port))
  })
})
