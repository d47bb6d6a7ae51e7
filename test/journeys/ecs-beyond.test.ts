/** What AWS has no field for (tags), and what of its own an operator must provide: environment files, images' file systems. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs'
import {
  DescribeTasksCommand,
  ListTagsForResourceCommand,
  RegisterTaskDefinitionCommand,
  type RegisterTaskDefinitionCommandInput,
  RunTaskCommand,
  type RunTaskCommandInput,
  StopTaskCommand,
  TagResourceCommand,
  type Task,
} from '@aws-sdk/client-ecs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AwsWorld, openAwsWorld, until } from '../support/aws-world.ts'

let world: AwsWorld
let files: string
beforeAll(async () => {
  files = mkdtempSync(join(tmpdir(), 'taskport-env-'))
  mkdirSync(join(files, 'prod'))
  writeFileSync(join(files, 'prod/app.env'), '# comment\nFROM_FILE=file\nBOTH=file\r\nEMPTY=\nTEXT=a=b c\n')
  writeFileSync(join(files, 'more.env'), 'FROM_FILE=second\n')
  world = await openAwsWorld({ environmentFiles: [`settings=${files}`] })
})
afterAll(async () => {
  await world.close()
  rmSync(files, { recursive: true, force: true })
})

const container = (script: string, more: object = {}) => ({
  name: 'main',
  image: 'busybox',
  memory: 32,
  entryPoint: ['sh', '-c'],
  command: [script],
  ...more,
})

const register = (
  family: string,
  containers: readonly object[],
  more: Partial<RegisterTaskDefinitionCommandInput> = {},
) => world.ecs.send(new RegisterTaskDefinitionCommand({ family, containerDefinitions: containers as never[], ...more }))

const run = async (family: string, more: Partial<RunTaskCommandInput> = {}): Promise<Task> => {
  const { tasks, failures } = await world.ecs.send(new RunTaskCommand({ taskDefinition: family, ...more }))
  expect(failures).toEqual([])
  return tasks![0]!
}

const describeOne = async (task: Task) => world.ecs.send(new DescribeTasksCommand({ tasks: [task.taskArn!] }))

const reaches = async (task: Task, status = 'STOPPED'): Promise<Task> =>
  until(
    async () => (await describeOne(task)).tasks![0]!,
    (t) => t.lastStatus === status,
  )

const linesOf = async (task: Task, name = 'main'): Promise<readonly string[]> => {
  const family = /task-definition\/(.+):/.exec(task.taskDefinitionArn!)![1]
  const stream = `${name}/${name}/${task.taskArn!.split('/').at(-1)}`
  const command = new GetLogEventsCommand({
    logGroupName: `/taskport/ecs/${family}`,
    logStreamName: stream,
    startFromHead: true,
  })
  return (await world.logs.send(command)).events!.map((e) => e.message!)
}

const file = (key: string) => ({ type: 's3' as const, value: `arn:aws:s3:::settings/${key}` })

test("environment files come from the operator's directory: later files win, the definition wins over them, overrides over all", async () => {
  await register('files', [
    container('echo "$FROM_FILE $BOTH [$EMPTY] $TEXT $OVER"', {
      environmentFiles: [file('prod/app.env')],
      environment: [{ name: 'BOTH', value: 'definition' }],
    }),
  ])
  const plain = await run('files')
  const containerOverrides = [
    { name: 'main', environmentFiles: [file('more.env')], environment: [{ name: 'BOTH', value: 'override' }] },
  ]
  const over = await run('files', { overrides: { containerOverrides } })
  await Promise.all([reaches(plain), reaches(over)])
  expect(await linesOf(plain)).toEqual(['file definition [] a=b c '])
  expect(await linesOf(over)).toEqual(['second override [] a=b c '])
})

test.each(['nowhere.env', '../escape.env', 'prod/../../escape.env'])(
  'an environment file that cannot be had (%s) keeps the task from starting, and is named',
  async (key) => {
    writeFileSync(join(files, '../escape.env'), 'STOLEN=1\n')
    await register('nofile', [container('exit 0', { environmentFiles: [file(key)] })])
    const task = await reaches(await run('nofile'))
    expect(task).toMatchObject({
      stopCode: 'TaskFailedToStart',
      stoppedReason: expect.stringMatching(/^ResourceInitializationError: /),
    })
    expect(task.stoppedReason).toContain(key)
  },
)

test('a container that exits before its restart period is over is not started again', async () => {
  const restartPolicy = { enabled: true, restartAttemptPeriod: 60 }
  await register('again', [container('echo run; exit 1', { restartPolicy })])
  const task = await reaches(await run('again'))
  expect([await linesOf(task), task.containers![0]!.exitCode]).toEqual([['run'], 1])
})

test('retries by tag run the same task again, and its end is that of the last try', async () => {
  await register('tried', [container('n=$(echo "$TASKPORT_ATTEMPT" | cut -d: -f3); echo "try $n"; [ "$n" -ge 2 ]')])
  const first = await run('tried', { tags: [{ key: 'taskport:retries', value: '3' }] })
  const task = await reaches(first)
  expect([await linesOf(task), task.containers![0]!.exitCode]).toEqual([['try 1', 'try 2'], 0])
  expect(task.taskArn).toBe(first.taskArn)
})

test('a time limit stands on the definition as well; a queue waits for room with one at a time', async () => {
  await register('limited', [container('exec sleep 60')], { tags: [{ key: 'taskport:timeout', value: '1s' }] })
  const limited = await reaches(await run('limited'))
  expect(limited).toMatchObject({ stopCode: 'UserInitiated', stoppedReason: expect.stringContaining('time limit') })
  expect(limited.containers![0]!.reason).toBeDefined()
  await register('single', [container('exec sleep 60')])
  const tags = [
    { key: 'taskport:queue', value: 'true' },
    { key: 'taskport:concurrency', value: '1' },
  ]
  const [first, second] = [await run('single', { tags }), await run('single', { tags })]
  await reaches(first, 'RUNNING')
  expect((await describeOne(second)).tasks![0]!.lastStatus).toBe('PENDING')
  await world.ecs.send(new StopTaskCommand({ task: first.taskArn }))
  await reaches(second, 'RUNNING')
  await world.ecs.send(new StopTaskCommand({ task: second.taskArn }))
})

test('a stopped task that is removed is missing from then on, and its tags with it', async () => {
  await register('brief', [container('exit 0')])
  const task = await reaches(await run('brief'))
  const resourceArn = task.taskArn!
  await world.ecs.send(new TagResourceCommand({ resourceArn, tags: [{ key: 'team', value: 'a' }] }))
  const native = `${world.url}/taskport/v1`
  const authorization = `Bearer ${(await world.firstCredential('native')).secret}`
  const minted = await fetch(`${native}/tokens`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ face: 'native', tenant: 'aws:123456789012:us-east-1' }),
  })
  const { secret } = (await minted.json()) as { readonly secret: string }
  const [hex] = resourceArn.match(/[0-9a-f]{32}$/)!
  const id = hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
  const removed = await fetch(`${native}/executions/${id}`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${secret}` },
  })
  expect(removed.ok).toBe(true)
  expect((await describeOne(task)).failures).toMatchObject([{ arn: resourceArn, reason: 'MISSING' }])
  await expect(world.ecs.send(new ListTagsForResourceCommand({ resourceArn }))).rejects.toThrow()
})
