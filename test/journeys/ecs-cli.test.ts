/** The vendor's own command line, as Debian or pip installs it. */
import { execFile, execFileSync } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AwsWorld, openAwsWorld } from '../support/aws-world.ts'

const run = promisify(execFile)

const installed = ((): boolean => {
  try {
    execFileSync('aws', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

describe.skipIf(!installed)('the aws command line', () => {
  let world: AwsWorld
  let credentials: { readonly name: string; readonly secret: string }
  beforeAll(async () => {
    world = await openAwsWorld({ auth: 'strict' })
    credentials = await world.firstCredential('ecs')
  })
  afterAll(() => world.close())

  const aws = async (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> => {
    const { stdout } = await run('aws', ['--endpoint-url', world.endpoint, '--output', 'json', ...args], {
      env: {
        PATH: process.env.PATH ?? '',
        HOME: process.env.HOME ?? '',
        AWS_ACCESS_KEY_ID: credentials.name,
        AWS_SECRET_ACCESS_KEY: credentials.secret,
        AWS_DEFAULT_REGION: 'us-west-2',
        AWS_EC2_METADATA_DISABLED: 'true',
        ...env,
      },
    })
    return stdout
  }
  const json = async (...args: readonly string[]) => JSON.parse(await aws(args))

  test('register, run, wait, describe, read the log, stop and list, with a verified signature', async () => {
    const container = {
      name: 'main',
      image: 'busybox',
      memory: 64,
      entryPoint: ['sh', '-c'],
      command: ['echo one; echo two; exit 4'],
    }
    await aws([
      'ecs',
      'register-task-definition',
      '--family',
      'cli',
      '--container-definitions',
      JSON.stringify([container]),
    ])
    const { tasks, failures } = await json('ecs', 'run-task', '--task-definition', 'cli', '--started-by', 'me')
    expect(failures).toEqual([])
    const arn: string = tasks[0].taskArn
    expect(arn).toMatch(/^arn:aws:ecs:us-west-2:123456789012:task\/default\/[0-9a-f]{32}$/)
    await aws(['ecs', 'wait', 'tasks-stopped', '--tasks', arn])
    const described = await json('ecs', 'describe-tasks', '--tasks', arn, '--include', 'TAGS')
    expect(described.tasks[0].containers[0].exitCode).toBe(4)
    const stream = `main/main/${arn.split('/').at(-1)}`
    const { events } = await json(
      'logs',
      'get-log-events',
      '--log-group-name',
      '/taskport/ecs/cli',
      '--log-stream-name',
      stream,
    )
    expect(events.map((e: { message: string }) => e.message)).toEqual(['one', 'two'])
    const filtered = await json(
      'logs',
      'filter-log-events',
      '--log-group-name',
      '/taskport/ecs/cli',
      '--filter-pattern',
      'two',
    )
    expect(filtered.events).toMatchObject([{ logStreamName: stream, message: 'two' }])
    expect((await json('ecs', 'list-tasks', '--family', 'cli', '--desired-status', 'STOPPED')).taskArns).toEqual([arn])
    const again = await json('ecs', 'stop-task', '--task', arn)
    expect(again.task.stoppedReason).toBe('Essential container in task exited')
    expect(await json('sts', 'get-caller-identity')).toMatchObject({ Account: '123456789012' })
  }, 60_000)

  test('who is not known, or signs wrongly, is told as AWS tells', async () => {
    const refusal = (env: Readonly<Record<string, string>>): Promise<string> =>
      aws(['ecs', 'list-clusters'], env).then(
        () => 'accepted',
        (error: { stderr?: string }) => error.stderr ?? '',
      )
    expect(await refusal({ AWS_ACCESS_KEY_ID: 'AKIAUNKNOWN' })).toContain('UnrecognizedClientException')
    expect(await refusal({ AWS_SECRET_ACCESS_KEY: 'wrong' })).toContain('InvalidSignatureException')
    const unsigned = await fetch(world.endpoint, {
      method: 'POST',
      headers: { 'x-amz-target': 'AmazonEC2ContainerServiceV20141113.ListClusters' },
      body: '{}',
    })
    expect([unsigned.status, await unsigned.json()]).toEqual([
      400,
      { __type: 'MissingAuthenticationTokenException', message: 'Missing Authentication Token' },
    ])
  }, 30_000)

  test('every reply so far was one that the service model allows', () => {
    expect(world.problems).toEqual([])
  })
})
