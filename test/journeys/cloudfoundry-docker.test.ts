/** `cf push --docker-image` and `cf run-task` with a real container engine, by requests and by the real cf CLI. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { importTestImage, TEST_IMAGE } from '../../src/executors/docker/fixtures/test-image.ts'
import { TestRegistry } from '../../src/executors/docker/fixtures/test-registry.ts'
import { CfCommand, foundCfCli } from '../support/cf-command.ts'
import { type CfWorld, dropletOf, openCfWorld } from '../support/cf-world.ts'
import { canRunDocker, DockerEngine } from '../support/docker-engine.ts'

const program = foundCfCli()

describe.skipIf(!canRunDocker())('an image as a droplet (needs root and the package docker.io)', () => {
  let engine: DockerEngine
  let world: CfWorld

  beforeAll(async () => {
    engine = await DockerEngine.open('--init')
    await importTestImage(engine.address)
    world = await openCfWorld(['--executor', 'auto', '--docker-host', engine.address])
  }, 120_000)
  afterAll(async () => {
    await world?.close()
    await engine?.stop()
  }, 60_000)

  test('its tasks run in containers of it, with the same environment, log and reasons; apps of bits run beside', async () => {
    const { admin: cf } = world
    const app = await cf.pushImage('image', TEST_IMAGE)
    const process = await cf.must('GET', `/v3/apps/${app}/processes/web`)
    expect(process.type).toBe('web')
    await cf.must('PATCH', `/v3/apps/${app}/environment_variables`, { var: { WHO: 'me' } })
    const command = 'echo $WHO $MEMORY_LIMIT; ls -d /workspace /home/vcap 2>/dev/null; exit 3'
    const task = await cf.run(app, { command, name: 'inside', memory_in_mb: 64 })
    expect(task.result.failure_reason).toBe('APP/TASK/inside: Exited with status 3')
    const lines = await cf.recentLogs(task.guid)
    expect(lines[0]).toBe('[APP/TASK/inside/0] OUT me 64m')
    expect(lines).not.toContain('[APP/TASK/inside/0] OUT /home/vcap')
    expect(lines.at(-1)).toBe('[APP/TASK/inside/0] OUT Exit status 3')
    const long = await cf.must('POST', `/v3/apps/${app}/tasks`, { command: 'echo up; sleep 60' })
    await cf.until(`/api/v1/read/${long.guid}`, (reply) => reply.envelopes.batch.length > 0)
    expect((await cf.send('PUT', `/v3/tasks/${long.guid}/cancel`)).body.state).toBe('CANCELING')
    expect((await cf.ended(long.guid)).result.failure_reason).toBe('task was cancelled')
    const bits = await cf.pushDroplet('bits', dropletOf({ 'a.sh': 'pwd\n' }))
    const beside = await cf.run(bits, { command: 'sh a.sh', name: 'beside' })
    expect(await cf.recentLogs(beside.guid)).toContain('[APP/TASK/beside/0] OUT /home/vcap/app')
  }, 90_000)

  test('an image that is not there fails its task and says so', async () => {
    const { admin: cf } = world
    const app = await cf.pushImage('nowhere', '127.0.0.1:1/no/such:image')
    const task = await cf.run(app, { command: 'true', name: 'none' })
    expect(task.state).toBe('FAILED')
    expect(task.result.failure_reason).toMatch(/^failed to run container: /)
  }, 60_000)

  test.skipIf(program === undefined)(
    'the cf CLI pushes an image and runs its tasks',
    async () => {
      const cf = await CfCommand.loggedIn(program!, world)
      try {
        expect(await cf.run('push', 'pushed', '--docker-image', TEST_IMAGE, '--task')).toContain(`docker image:`)
        expect((await cf.runTask('pushed', '-c', 'echo from $MEMORY_LIMIT', '--name', 'one', '-m', '64M')).state).toBe(
          'SUCCEEDED',
        )
        expect(await cf.run('logs', 'pushed', '--recent')).toContain('[APP/TASK/one/0] OUT from 64m')
        await cf.run('delete', 'pushed', '-f')
      } finally {
        cf.end()
      }
    },
    90_000,
  )

  test.skipIf(program === undefined)(
    'the cf CLI pushes an image that only its user may pull',
    async () => {
      const registry = await TestRegistry.open()
      const { username, password } = registry.credential
      const cf = await CfCommand.loggedIn(program!, world, { CF_DOCKER_PASSWORD: password })
      try {
        await cf.run('push', 'open', '--docker-image', registry.image, '--task')
        expect((await cf.runTask('open', '-c', 'true')).state).toBe('FAILED')
        await cf.run('push', 'private', '--docker-image', registry.image, '--docker-username', username, '--task')
        expect((await cf.runTask('private', '-c', 'echo pulled', '--name', 'one')).state).toBe('SUCCEEDED')
        expect(await cf.run('logs', 'private', '--recent')).toContain('[APP/TASK/one/0] OUT pulled')
        for (const name of ['open', 'private']) await cf.run('delete', name, '-f')
      } finally {
        cf.end()
        registry.close()
      }
    },
    90_000,
  )
})
