import {
  DescribeTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
  type Task,
} from '@aws-sdk/client-ecs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AwsWorld, openAwsWorld, until } from '../support/aws-world.ts'
import { answerOf, freePort } from '../support/tcp.ts'
import { withDocker } from '../support/with-docker.ts'

withDocker('the journeys of ECS tasks', ['busybox:latest'], async () => {
  await import('./ecs-run.test.ts')
  await import('./ecs-containers.test.ts')
  describe('a task in bridge mode', inBridgeMode)
})

function inBridgeMode(): void {
  let world: AwsWorld
  beforeAll(async () => {
    world = await openAwsWorld()
  })
  afterAll(() => world.close())

  const container = (name: string, script: string, more: object = {}) => ({
    name,
    image: 'busybox',
    memory: 32,
    entryPoint: ['sh', '-c'],
    command: [script],
    ...more,
  })

  const run = async (family: string, ...containerDefinitions: object[]): Promise<string> => {
    await world.ecs.send(new RegisterTaskDefinitionCommand({ family, containerDefinitions }))
    const { tasks } = await world.ecs.send(new RunTaskCommand({ taskDefinition: family }))
    return tasks![0]!.taskArn!
  }

  const reaches = (arn: string, ...states: string[]): Promise<Task> =>
    until(
      async () => (await world.ecs.send(new DescribeTasksCommand({ tasks: [arn] }))).tasks![0]!,
      (task) => states.includes(task.lastStatus!),
      40_000,
    )

  const codes = (task: Task): object => Object.fromEntries(task.containers!.map((c) => [c.name, c.exitCode]))

  test('answers on its host ports, the fixed and the dynamic, until it is stopped', async () => {
    const serving = 'while :; do hostname | nc -l -p 80; done'
    const port = await freePort()
    const arn = await run(
      'published',
      container('web', serving, { hostname: 'web', portMappings: [{ containerPort: 80, hostPort: port }] }),
      container('api', serving, { hostname: 'api', portMappings: [{ containerPort: 80 }] }),
    )
    const task = await reaches(arn, 'RUNNING', 'STOPPED')
    const bound = Object.fromEntries(task.containers!.map((c) => [c.name, c.networkBindings![0]!]))
    expect(bound.web).toMatchObject({ containerPort: 80, hostPort: port, protocol: 'tcp' })
    await expect.poll(() => answerOf(port), { timeout: 10_000 }).toBe('web\n')
    await expect.poll(() => answerOf(bound.api!.hostPort!), { timeout: 10_000 }).toBe('api\n')
    await world.ecs.send(new StopTaskCommand({ task: arn }))
    await reaches(arn, 'STOPPED')
    expect(await answerOf(port)).toBe('no answer')
  })

  test('reaches a linked container by its alias, any by its name, and its own metadata, but nothing else here', async () => {
    const rows = 'while :; do echo rows | nc -l -p 5432; done'
    const script = [
      'ask() { for i in 1 2 3 4 5 6 7 8 9; do nc -w 2 $1 5432 </dev/null && return; sleep 0.2; done; }',
      '[ "$(ask database)" = rows ] || exit 1',
      '[ "$(ask db)" = rows ] || exit 2',
      'wget -qO- $ECS_CONTAINER_METADATA_URI_V4/task | grep -q \'"Family":"linked"\' || exit 3',
      'door=$(echo $ECS_CONTAINER_METADATA_URI_V4 | cut -d/ -f1-3)',
      'for path in /healthz /v3/info /taskport/v1/executions /taskport/v1/attempts/../executions; do',
      '  wget -O- $door$path 2>&1 | grep -q "HTTP/1.1 404" || exit 4; done',
      'wget -O- --post-data "{}" --header "x-amz-target: AmazonEC2ContainerServiceV20141113.ListTasks" $door/ 2>&1 | grep -q 404 || exit 5',
      'exit 42',
    ].join('\n')
    const arn = await run(
      'linked',
      container('db', rows, { essential: false }),
      container('app', script, { links: ['db:database'] }),
    )
    expect(codes(await reaches(arn, 'STOPPED'))).toMatchObject({ app: 42 })
  })

  test('finds its other containers by name without links as well', async () => {
    const script = 'for i in 1 2 3 4 5 6 7 8 9; do nc -w 2 other 80 </dev/null && exit 42; sleep 0.2; done'
    const arn = await run(
      'unlinked',
      container('other', 'while :; do echo x | nc -l -p 80; done', { essential: false }),
      container('app', script, { dependsOn: [{ containerName: 'other', condition: 'START' }] }),
    )
    expect(codes(await reaches(arn, 'STOPPED'))).toMatchObject({ app: 42 })
  })

  test('has 137 and says why when its memory runs out', async () => {
    const arn = await run('hungry', container('main', 'tail /dev/zero', { memory: 8 }))
    const [main] = (await reaches(arn, 'STOPPED')).containers!
    expect(main).toMatchObject({ exitCode: 137, reason: expect.stringMatching(/^OutOfMemoryError: /) })
  })
}
