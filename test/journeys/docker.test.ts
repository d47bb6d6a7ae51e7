import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { importTestImage, TEST_IMAGE } from '../../src/executors/docker/fixtures/test-image.ts'
import { canRunDocker, DockerEngine } from '../support/docker-engine.ts'
import { eventually, TaskportProcess } from '../support/taskport-process.ts'

interface Execution {
  readonly id: string
  readonly state: string
  readonly exitCode?: number
}

describe.skipIf(!canRunDocker())('a server with a container engine (needs root and the package docker.io)', () => {
  const taskport = new TaskportProcess()
  let engine: DockerEngine
  const up = (): Promise<void> => taskport.up(['--executor', 'auto', '--docker-host', engine.address])
  beforeAll(async () => {
    engine = await DockerEngine.open()
    await importTestImage(engine.address)
    await up()
  }, 120_000)
  afterAll(async () => {
    await taskport.end()
    await engine.stop()
  }, 60_000)

  const show = (id: string): Promise<Execution> => taskport.json<Execution>(['show', id])

  test('a task with an image runs in a container, one without as a process', { timeout: 60_000 }, async () => {
    const inside = ['run', '--image', TEST_IMAGE, '--', 'sh', '-c', 'ls / | tr "\\n" " "; exit 3']
    const contained = await taskport.run(inside)
    expect({ code: contained.code, stdout: contained.stdout }).toEqual({
      code: 3,
      stdout: 'bin dev etc proc sys tmp workspace ',
    })
    expect(await taskport.run(['run', '--', 'sh', '-c', 'test -e /usr && echo host'])).toMatchObject({
      stdout: 'host\n',
    })
  })

  test('a container and its log survive kill -9 of the server, nothing twice', { timeout: 90_000 }, async () => {
    const script = 'i=0; while [ $i -lt 60 ]; do echo line $i; i=$((i+1)); sleep 0.1; done; exit 5'
    const id = (await taskport.run(['run', '-d', '--image', TEST_IMAGE, '--', 'sh', '-c', script])).stdout.trim()
    const logs = async (): Promise<string> => (await taskport.run(['logs', id])).stdout
    await eventually('some lines are there', async () => (await logs()).includes('line 5\n'), 30_000)
    await taskport.kill()
    await up()
    await eventually('more lines are there', async () => (await logs()).includes('line 20\n'), 30_000)
    await taskport.kill()
    await up()
    const ended: Execution = await eventually(
      'it ended',
      async () => {
        const now = await show(id)
        return now.state === 'failed' ? now : undefined
      },
      30_000,
    )
    expect(ended.exitCode).toBe(5)
    expect(await logs()).toBe(Array.from({ length: 60 }, (_, i) => `line ${i}\n`).join(''))
  })
})
