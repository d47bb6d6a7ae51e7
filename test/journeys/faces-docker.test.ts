/** Cloud Foundry and Ona with images: what their clients do, on a real container engine. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CfWorld, openCfWorld } from '../support/cf-world.ts'
import { type OnaWorld, openOnaWorld, over } from '../support/ona-world.ts'
import { withDocker } from '../support/with-docker.ts'

const IMAGE = 'localhost/tools:1'

withDocker('Cloud Foundry and Ona', [IMAGE], async () => {
  describe('cf push --docker-image', cloudFoundry)
  describe('runsOn.docker', ona)
})

function cloudFoundry(): void {
  let world: CfWorld
  let app: string
  beforeAll(async () => {
    world = await openCfWorld(['--docker-host', process.env.DOCKER_HOST!])
    app = await world.admin.pushImage('image', IMAGE)
  }, 60_000)
  afterAll(() => world?.close())

  const ended = async (command: string, more: object = {}) => {
    const { guid } = await world.admin.must('POST', `/v3/apps/${app}/tasks`, { command, memory_in_mb: 32, ...more })
    return world.admin.until(`/v3/tasks/${guid}`, (task) => ['SUCCEEDED', 'FAILED'].includes(task.state))
  }

  test('a task runs in the image, with the app’s environment, and keeps its limits', async () => {
    await world.admin.must('PATCH', `/v3/apps/${app}/environment_variables`, { var: { COLOUR: 'blue' } })
    expect(await ended('test "$COLOUR" = blue && test ! -e /usr && ls /bin/busybox')).toMatchObject({
      state: 'SUCCEEDED',
    })
    expect(await ended('exit 3')).toMatchObject({
      state: 'FAILED',
      result: { failure_reason: expect.stringContaining('3') },
    })
    expect(await ended('tail /dev/zero', { memory_in_mb: 8 })).toMatchObject({
      state: 'FAILED',
      result: { failure_reason: expect.stringMatching(/memory/i) },
    })
  })

  test('a running task is cancelled', async () => {
    const { guid } = await world.admin.must('POST', `/v3/apps/${app}/tasks`, { command: 'sleep 600', memory_in_mb: 32 })
    await world.admin.until(`/v3/tasks/${guid}`, (task) => task.state === 'RUNNING')
    await world.admin.must('POST', `/v3/tasks/${guid}/actions/cancel`)
    expect(await world.admin.until(`/v3/tasks/${guid}`, (task) => task.state === 'FAILED')).toMatchObject({
      result: { failure_reason: 'task was cancelled' },
    })
  })

  test('an image that cannot be had fails its task in the engine’s words', async () => {
    app = await world.admin.pushImage('nothing', '127.0.0.1:1/nothing:1')
    const { result } = await ended('true')
    expect(result.failure_reason).toContain('connection refused')
  })
}

function ona(): void {
  let world: OnaWorld
  let environmentId: string
  beforeAll(async () => {
    world = await openOnaWorld()
    environmentId = await world.environment()
  })
  afterAll(() => world?.close())

  const run = async (reference: string, command: string, image?: string, dependsOn: string[] = []) => {
    const { tasks } = world.client.environments.automations
    const runsOn = image === undefined ? {} : { runsOn: { docker: { image, environment: ['COLOUR=blue'] } } }
    const metadata = { reference, name: reference }
    const { task } = await tasks.create({ environmentId, metadata, spec: { command, ...runsOn }, dependsOn })
    const execution = await over(world.client, (await tasks.start({ id: task.id })).taskExecution.id)
    return { id: task.id, status: execution.status }
  }

  test('a task runs in the image it names, in the workspace that others see, and hands on outputs', async () => {
    const inside = await run(
      'inside',
      'test ! -e /usr && echo from the image > note && echo "SHADE=dark $COLOUR" >> "$TASKPORT_OUTPUTS"',
      IMAGE,
    )
    expect(inside.status).toMatchObject({ phase: 'TASK_EXECUTION_PHASE_SUCCEEDED' })
    const after = await run('after', 'test "$SHADE" = "dark blue" && grep image note', undefined, [inside.id])
    expect(after.status).toMatchObject({ phase: 'TASK_EXECUTION_PHASE_SUCCEEDED' })
  })

  test('an image that cannot be had fails the task, and says so', async () => {
    const { status } = await run('absent', 'true', '127.0.0.1:1/nothing:1')
    expect(status).toMatchObject({ phase: 'TASK_EXECUTION_PHASE_FAILED' })
    expect(JSON.stringify(status)).toContain('connection refused')
  })
}
