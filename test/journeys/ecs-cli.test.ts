/** The vendor's own command line: every one that is installed, Debian's (version 2) and pip's (version 1). */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import { type ECSClient, StopTaskCommand } from '@aws-sdk/client-ecs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AwsWorld, openAwsWorld, until } from '../support/aws-world.ts'

const run = promisify(execFile)

/** Each call starts Python: a second on a machine at rest, five on a busy one. */
const LONG_MS = 240_000

interface CommandLine {
  readonly program: string
  readonly version: string
}

/** Where Debian puts it, and whatever a shell would find. */
const installed = ['/usr/bin/aws', 'aws'].flatMap((program): readonly CommandLine[] => {
  try {
    if (program.startsWith('/') && !existsSync(program)) return []
    return [{ program, version: execFileSync(program, ['--version'], { encoding: 'utf8' }).split(' ')[0]! }]
  } catch {
    return []
  }
})
const commandLines = installed.filter(({ version }, i) => installed.findIndex((c) => c.version === version) === i)

describe.skipIf(commandLines.length === 0)('the aws command line', () => {
  let world: AwsWorld
  let sdk: ECSClient
  let credentials: { readonly name: string; readonly secret: string }
  beforeAll(async () => {
    world = await openAwsWorld({ auth: 'strict' })
    credentials = await world.firstCredential('ecs')
    const { name: accessKeyId, secret: secretAccessKey } = credentials
    sdk = world.client('us-west-2', { accessKeyId, secretAccessKey })
  })
  afterAll(async () => {
    sdk.destroy()
    await world.close()
  })

  const environment = (env: Readonly<Record<string, string>>) => ({
    PATH: process.env.PATH ?? '',
    HOME: process.env.HOME ?? '',
    AWS_ACCESS_KEY_ID: credentials.name,
    AWS_SECRET_ACCESS_KEY: credentials.secret,
    AWS_DEFAULT_REGION: 'us-west-2',
    AWS_EC2_METADATA_DISABLED: 'true',
    PYTHONUNBUFFERED: '1',
    ...env,
  })

  describe.each(commandLines)('$version', ({ program, version }) => {
    const family = version.replace(/\W+/g, '-')
    const common = (): readonly string[] => ['--endpoint-url', world.endpoint, '--output', 'json']
    const aws = async (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> =>
      (await run(program, [...common(), ...args], { env: environment(env) })).stdout
    const json = async (...args: readonly string[]) => JSON.parse(await aws(args))
    const refusal = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> =>
      aws(args, env).then(
        () => 'accepted',
        (error: { stderr?: string }) => error.stderr ?? '',
      )
    const register = (name: string, command: string): Promise<string> => {
      const container = { name: 'main', image: 'busybox', memory: 64, entryPoint: ['sh', '-c'], command: [command] }
      const definitions = ['--container-definitions', JSON.stringify([container])]
      return aws(['ecs', 'register-task-definition', '--family', name, ...definitions])
    }

    test(
      'register, run, wait, describe, read the log, stop and list, with a verified signature',
      async () => {
        await register(family, 'echo one; echo two; exit 4')
        const { tasks, failures } = await json('ecs', 'run-task', '--task-definition', family, '--started-by', 'me')
        expect(failures).toEqual([])
        const arn: string = tasks[0].taskArn
        expect(arn).toMatch(/^arn:aws:ecs:us-west-2:123456789012:task\/default\/[0-9a-f]{32}$/)
        await aws(['ecs', 'wait', 'tasks-stopped', '--tasks', arn])
        const described = await json('ecs', 'describe-tasks', '--tasks', arn, '--include', 'TAGS')
        expect(described.tasks[0].containers[0].exitCode).toBe(4)
        const stream = `main/main/${arn.split('/').at(-1)}`
        const group = ['--log-group-name', `/taskport/ecs/${family}`]
        const { events } = await json('logs', 'get-log-events', ...group, '--log-stream-name', stream)
        expect(events.map((e: { message: string }) => e.message)).toEqual(['one', 'two'])
        const filtered = await json('logs', 'filter-log-events', ...group, '--filter-pattern', 'two')
        expect(filtered.events).toMatchObject([{ logStreamName: stream, message: 'two' }])
        expect((await json('ecs', 'list-tasks', '--family', family, '--desired-status', 'STOPPED')).taskArns).toEqual([
          arn,
        ])
        const again = await json('ecs', 'stop-task', '--task', arn)
        expect(again.task.stoppedReason).toBe('Essential container in task exited')
        expect(await json('sts', 'get-caller-identity')).toMatchObject({ Account: '123456789012' })
      },
      LONG_MS,
    )

    test(
      'ten at once: waits until they run, follows their log while they do, and fails to wait for what has stopped',
      async () => {
        const name = `${family}-ten`
        await register(name, 'i=1; while :; do echo line $i; i=$((i+1)); sleep 0.2; done')
        const { tasks } = await json('ecs', 'run-task', '--task-definition', name, '--count', '10')
        const arns: readonly string[] = tasks.map((t: { taskArn: string }) => t.taskArn)
        const follower = version.startsWith('aws-cli/2') ? follow(program, `/taskport/ecs/${name}`) : undefined
        await aws(['ecs', 'wait', 'tasks-running', '--tasks', ...arns])
        const { taskArns } = await json('ecs', 'list-tasks', '--family', name, '--max-items', '4')
        expect(taskArns).toHaveLength(4)
        if (follower) await follower.untilSeen(everyTaskOften)
        for (const task of arns.slice(1)) await sdk.send(new StopTaskCommand({ task }))
        const stopped = await json('ecs', 'stop-task', '--task', arns[0]!, '--reason', 'enough')
        expect(stopped.task).toMatchObject({ stopCode: 'UserInitiated', stoppedReason: 'enough' })
        await aws(['ecs', 'wait', 'tasks-stopped', '--tasks', ...arns])
        expect(await refusal(['ecs', 'wait', 'tasks-running', '--tasks', arns[0]!])).toContain(
          'Waiter TasksRunning failed',
        )
        follower?.end()
      },
      LONG_MS,
    )

    test(
      'waiting for a service fails at once: there are none',
      async () => {
        const waits = ['services-stable', 'services-inactive'].map((what) =>
          refusal(['ecs', 'wait', what, '--services', 'web']),
        )
        for (const said of await Promise.all(waits)) expect(said).toContain('terminal failure state')
      },
      LONG_MS,
    )

    test(
      'who is not known, or signs wrongly, is told as AWS tells',
      async () => {
        const list = ['ecs', 'list-clusters']
        expect(await refusal(list, { AWS_ACCESS_KEY_ID: 'AKIAUNKNOWN' })).toContain('UnrecognizedClientException')
        expect(await refusal(list, { AWS_SECRET_ACCESS_KEY: 'wrong' })).toContain('InvalidSignatureException')
        expect(await refusal([...list, '--no-sign-request'])).toContain('MissingAuthenticationToken')
      },
      LONG_MS,
    )
  })

  /** Of `aws logs tail --format short`: time and message, of ten streams. */
  const everyTaskOften = (lines: readonly string[]): boolean =>
    ['line 1', 'line 2', 'line 3'].every((line) => lines.filter((l) => l.endsWith(` ${line}`)).length === 10)

  /** `aws logs tail --follow`, which runs until it is interrupted. */
  function follow(program: string, group: string) {
    const child: ChildProcess = spawn(
      program,
      ['--endpoint-url', world.endpoint, 'logs', 'tail', group, '--follow', '--format', 'short'],
      { env: environment({}), stdio: ['ignore', 'pipe', 'inherit'] },
    )
    let text = ''
    child.stdout!.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    return {
      untilSeen: (test: (lines: readonly string[]) => boolean) => until(async () => text.split('\n'), test, LONG_MS),
      end: () => child.kill('SIGINT'),
    }
  }
})
