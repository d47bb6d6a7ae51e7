/** What an operator adds to the ECS face with Taskport's own API: credentials, secrets, webhooks as EventBridge sends them. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs'
import {
  DescribeContainerInstancesCommand,
  DescribeTasksCommand,
  ECSClient,
  ListClustersCommand,
  ListContainerInstancesCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
} from '@aws-sdk/client-ecs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AwsWorld, openAwsWorld, until } from '../support/aws-world.ts'

const TENANT = 'aws:123456789012:us-east-1'

interface BridgeEvent {
  readonly id: string
  readonly 'detail-type': string
  readonly source: string
  readonly resources: readonly string[]
  readonly detail: {
    readonly lastStatus: string
    readonly version: number
    readonly createdAt: string
    readonly containers: readonly { readonly exitCode?: number }[]
  }
}

let world: AwsWorld
let listener: Server
const received: BridgeEvent[] = []
let ofTenant: (method: string, path: string, body: object) => Promise<Record<string, string>>
let ofOperator: typeof ofTenant

beforeAll(async () => {
  world = await openAwsWorld({ allowAddress: ['127.0.0.0/8'] })
  listener = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    request.on('end', () => {
      received.push(JSON.parse(text) as BridgeEvent)
      response.end()
    })
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  ofOperator = callerOf((await world.firstCredential('native')).secret)
  const token = await ofOperator('POST', '/tokens', { face: 'native', tenant: TENANT })
  ofTenant = callerOf(token.secret!)
})
afterAll(async () => {
  listener.close()
  await world.close()
})

const callerOf =
  (token: string): typeof ofTenant =>
  async (method, path, body) => {
    const answer = await fetch(`${world.url}/taskport/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return answer.status === 204 ? {} : ((await answer.json()) as Record<string, string>)
  }

test("a secret of the operator reaches the container, by a parameter's ARN or name", async () => {
  await ofTenant('PUT', '/secrets/db-password', { value: 'hunter2' })
  const valueFrom = 'arn:aws:ssm:us-east-1:123456789012:parameter/db-password'
  const container = {
    name: 'main',
    image: 'busybox',
    memory: 64,
    entryPoint: ['sh', '-c'],
    command: ['echo "$A $B" | tr a-z b-za'],
    secrets: [
      { name: 'A', valueFrom },
      { name: 'B', valueFrom: 'db-password' },
    ],
  }
  await world.ecs.send(new RegisterTaskDefinitionCommand({ family: 'secret', containerDefinitions: [container] }))
  const { tasks } = await world.ecs.send(new RunTaskCommand({ taskDefinition: 'secret' }))
  const arn = tasks![0]!.taskArn!
  const task = await until(
    async () => (await world.ecs.send(new DescribeTasksCommand({ tasks: [arn] }))).tasks![0]!,
    (t) => t.lastStatus === 'STOPPED',
  )
  expect(task.containers![0]!.exitCode).toBe(0)
  const stream = { logGroupName: '/taskport/ecs/secret', logStreamName: `main/main/${arn.split('/').at(-1)}` }
  const { events } = await world.logs.send(new GetLogEventsCommand({ ...stream, startFromHead: true }))
  expect(events!.map((e) => e.message)).toEqual(['ivoufs2 ivoufs2'])
})

test('a webhook of format eventbridge hears of every change as EventBridge tells it', async () => {
  const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/`
  await ofTenant('POST', '/webhooks', { url, format: 'eventbridge' })
  const container = {
    name: 'main',
    image: 'busybox',
    memory: 64,
    entryPoint: ['sh', '-c'],
    command: ['sleep 1; exit 5'],
  }
  await world.ecs.send(new RegisterTaskDefinitionCommand({ family: 'told', containerDefinitions: [container] }))
  const { tasks } = await world.ecs.send(new RunTaskCommand({ taskDefinition: 'told' }))
  const about = () => received.filter((e) => e.resources[0] === tasks![0]!.taskArn)
  const events = await until(
    async () => about(),
    (seen) => seen.some((e) => e.detail.lastStatus === 'STOPPED'),
  )
  const last = events.findLast((e) => e.detail.lastStatus === 'STOPPED')!
  expect(events.map((e) => e.detail.lastStatus).filter((s, i, all) => s !== all[i - 1])).toEqual([
    'PENDING',
    'RUNNING',
    ...(events.some((e) => e.detail.lastStatus === 'STOPPING') ? ['STOPPING'] : []),
    'STOPPED',
  ])
  const described = await world.ecs.send(new DescribeTasksCommand({ tasks: [tasks![0]!.taskArn!] }))
  expect([last.detail.version, new Set(events.map((e) => e.id)).size]).toEqual([
    described.tasks![0]!.version,
    events.length,
  ])
  expect(last).toMatchObject({
    'detail-type': 'ECS Task State Change',
    source: 'aws.ecs',
    version: '0',
    account: '123456789012',
    region: 'us-east-1',
    detail: { stopCode: 'EssentialContainerExited', containers: [{ exitCode: 5 }] },
  })
  expect(last.detail.createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
})

test("the machine's remaining resources count what other faces run on it", async () => {
  const remaining = async () => {
    const { containerInstanceArns: containerInstances } = await world.ecs.send(new ListContainerInstancesCommand({}))
    const described = await world.ecs.send(new DescribeContainerInstancesCommand({ containerInstances }))
    const resources = described.containerInstances![0]!.remainingResources!
    return Object.fromEntries(resources.map((r) => [r.name, r.integerValue]))
  }
  const before = await remaining()
  const run = { command: ['sleep', '60'], cpu: 0.5, memory: '100MiB' }
  const { id } = await ofOperator('POST', '/executions', run)
  const after = await until(remaining, (r) => r.CPU !== before.CPU)
  expect([before.CPU! - after.CPU!, before.MEMORY! - after.MEMORY!]).toEqual([512, 100])
  await ofOperator('POST', `/executions/${id}/stop`, {})
})

test('a credential for what is no account is refused, before anyone has it', async () => {
  for (const tenant of ['team', 'aws:1', 'aws:123456789012:us-east-1', 'xaws:123456789012'])
    await expect(ofOperator('POST', '/tokens', { face: 'ecs', tenant, grants: ['*'] })).rejects.toThrow(
      /400 .*an account being 12 digits.*"field":"tenant"/,
    )
})

test('a credential made for another account sees that account only, and does what it is granted only', async () => {
  const minted = await ofOperator('POST', '/tokens', {
    face: 'ecs',
    tenant: 'aws:210987654321',
    grants: ['ecs:ListClusters'],
  })
  expect([minted.name, minted.secret!.length]).toEqual([expect.stringMatching(/^AKIA[A-Z2-7]{16}$/), 40])
  const client = new ECSClient({
    endpoint: world.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: minted.name!, secretAccessKey: minted.secret! },
  })
  const { clusterArns } = await client.send(new ListClustersCommand({}))
  expect(clusterArns).toEqual(['arn:aws:ecs:us-east-1:210987654321:cluster/default'])
  const beyond = client.send(new RunTaskCommand({ taskDefinition: 'told' }))
  await expect(beyond).rejects.toMatchObject({ name: 'AccessDeniedException' })
  client.destroy()
})
