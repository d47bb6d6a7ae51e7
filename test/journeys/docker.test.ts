import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { importTestImage, TEST_IMAGE } from '../../src/executors/docker/fixtures/test-image.ts'
import { canRunDocker, DockerEngine } from '../support/docker-engine.ts'
import { Executions } from '../support/executions.ts'
import { NativeClient } from '../support/native-client.ts'
import { eventually, TaskportProcess } from '../support/taskport-process.ts'
import { answerOf } from '../support/tcp.ts'

interface Execution {
  readonly id: string
  readonly state: string
  readonly exitCode?: number
}

describe.skipIf(!canRunDocker())('a server with a container engine (needs root and the package docker.io)', () => {
  const taskport = new TaskportProcess()
  let engine: DockerEngine
  let token: string
  const executions = new Executions(() => new NativeClient(taskport.url, token))
  const allowed = mkdtempSync(join(tmpdir(), 'taskport-binds-'))
  const flags = ['--publish-address', '127.0.0.2', '--allow-privileged', '--allow-bind', allowed]
  const up = (): Promise<void> => taskport.up(['--executor', 'auto', '--docker-host', engine.address, ...flags])
  beforeAll(async () => {
    engine = await DockerEngine.open('--init')
    await importTestImage(engine.address)
    await up()
    token = (await taskport.json<{ TASKPORT_TOKEN: string }>(['env'])).TASKPORT_TOKEN
  }, 120_000)
  afterAll(async () => {
    await taskport.end()
    await engine.stop()
    rmSync(allowed, { recursive: true, force: true })
  }, 60_000)

  const show = (id: string): Promise<Execution> => taskport.json<Execution>(['show', id])

  test('a task with an image runs in a container, one without as a process', { timeout: 60_000 }, async () => {
    const inside = ['run', '--image', TEST_IMAGE, '--', 'sh', '-c', 'ls / | tr "\\n" " "; exit 3']
    const contained = await taskport.run(inside)
    expect({ code: contained.code, stdout: contained.stdout }).toEqual({
      code: 3,
      stdout: 'bin dev etc proc sbin sys tmp workspace ',
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

  const inside = (script: string) => ({ image: TEST_IMAGE, run: ['sh', '-c', script] })

  test('steps of a plan hand on outputs and files, wait for health and see each other by name', async () => {
    const ask = 'until nc -w 1 server 80 </dev/null; do sleep 0.1; done'
    const health = { run: ['test', '-e', '/tmp/up'], interval: '1s', retries: 9 }
    const id = await executions.submit({
      steps: [
        { name: 'first', ...inside('echo who=you >> $TASKPORT_OUTPUTS; echo kept > /workspace/file') },
        {
          name: 'server',
          group: 1,
          essential: false,
          ...inside('touch /tmp/up; while :; do hostname -i | nc -l -p 80; done'),
          health,
        },
        {
          name: 'client',
          group: 1,
          needs: [{ step: 'server', until: 'healthy' }],
          endsExecution: 'onExit',
          ...inside(`${ask} >/dev/null; echo $WHO $(cat /workspace/file)`),
          env: { WHO: { output: 'first.who' } },
        },
      ],
    })
    const done = await executions.final(id, '40s')
    expect(done.steps.map(({ name, state }) => [name, state])).toContainEqual(['client', 'succeeded'])
    expect(await executions.log(id, 'client')).toBe('you kept\n')
  })

  test('a program tells its progress and outputs while it runs, by files and by what it is told to ask', async () => {
    const ask = 'wget -qO- --header "authorization: Bearer $TASKPORT_TOKEN" --header "content-type: application/json"'
    const script = [
      'echo "40 by a file" > $TASKPORT_PROGRESS',
      `until [ -e /seen/file ]; do sleep 0.1; done`,
      `${ask} --post-data '{"outputs":{"A":"live"}}' $TASKPORT_URL/taskport/v1/attempts/$TASKPORT_ATTEMPT/outputs`,
      `${ask} --post-data '{"percent":80}' $TASKPORT_URL/taskport/v1/attempts/$TASKPORT_ATTEMPT/progress`,
      'wget -O- $TASKPORT_URL/taskport/v1/executions 2>&1 | grep -o "404.*"',
      'sleep 60',
    ].join('\n')
    const mounts = [{ kind: 'bind' as const, source: allowed, target: '/seen', readOnly: true }]
    const id = await executions.submit({ steps: [{ name: 'main', ...inside(script), mounts }] })
    const progressOf = (e: Awaited<ReturnType<typeof executions.get>>) => e.steps[0]!.progress
    await executions.until(id, 'at 40 %', (e) => progressOf(e)?.percent === 40)
    writeFileSync(join(allowed, 'file'), '')
    const told = await executions.until(id, 'at 80 %', (e) => progressOf(e)?.percent === 80)
    expect(told).toMatchObject({ state: 'running', steps: [{ outputs: { A: 'live' } }] })
    await expect.poll(() => executions.log(id)).toContain('404 Not Found')
    await executions.stop(id)
    await executions.final(id)
  })

  test('the operator’s flags say where ports are published and what may be mounted and privileged', async () => {
    const serve = 'while :; do grep CapEff /proc/self/status | nc -l -p 80; done'
    const id = await executions.submit({
      steps: [
        {
          name: 'main',
          ...inside(serve),
          network: 'private',
          ports: [{ port: 80 }],
          container: { capabilities: { add: ['SYS_PTRACE'] } },
        },
      ],
    })
    const { steps } = await executions.until(id, 'bound', (e) => (e.steps[0]!.attempts.at(-1)?.ports ?? []).length > 0)
    const [port] = steps[0]!.attempts.at(-1)!.ports!
    expect(port).toMatchObject({ hostAddress: '127.0.0.2', port: 80 })
    const said = await eventually('it answers', () =>
      answerOf(port!.hostPort, '127.0.0.2').then((a) => a !== 'no answer' && a),
    )
    expect(said).toBe('CapEff:\t00000000800c05fb\n')
    await executions.stop(id)
    await executions.final(id)
    const mounts = [{ kind: 'bind' as const, source: '/etc', target: '/x' }]
    const refused = await executions.run({ steps: [{ name: 'main', ...inside('true'), mounts }] })
    expect(refused.reason).toMatchObject({
      code: 'refused_by_executor',
      message: expect.stringContaining('--allow-bind'),
    })
  })
})

test('with auto and no engine a step with an image goes to the process executor, which says that it has none', async () => {
  const taskport = new TaskportProcess()
  try {
    await taskport.up(['--executor', 'auto', '--docker-host', 'unix:///nowhere/docker.sock'])
    const refused = await taskport.run(['run', '--image', TEST_IMAGE, '--', 'echo', 'host'])
    expect(refused.stderr).toContain('the process executor runs programs, not container images')
  } finally {
    await taskport.end()
  }
})

test('an engine’s address that is of no use is refused at the start', async () => {
  const taskport = new TaskportProcess()
  await expect(taskport.up(['--docker-host', 'ssh://me@host'])).rejects.toThrow(/by ssh are not made here/)
  await taskport.end()
})
