/** What happens to one execution, on a real server with real programs. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Executions, shell } from '../support/executions.ts'
import { ServerProcess } from '../support/server-process.ts'
import { eventually } from '../support/taskport-process.ts'

const directory = mkdtempSync(join(tmpdir(), 'taskport-life-'))
const file = (name: string): string => join(directory, name)
const touch = (name: string): void => writeFileSync(file(name), '')
/** Waits for a file that the test makes. */
const waitFor = (name: string): string => `until [ -e ${file(name)} ]; do sleep 0.01; done`
const millisBetween = (from: string, to: string): number => Date.parse(to) - Date.parse(from)

let server: ServerProcess
const executions = new Executions(() => server.api)
beforeAll(async () => {
  server = await ServerProcess.start({ flags: ['--sandbox', 'off'] })
})
afterAll(async () => {
  await server.end()
  rmSync(directory, { recursive: true, force: true })
})

describe('a plan', () => {
  test('hands outputs on, runs groups in sequence and the steps of a group side by side', async () => {
    const meet = (mine: string, other: string): string => `: > ${file(mine)}; ${waitFor(other)}`
    const id = await executions.submit({
      steps: [
        { name: 'left', run: shell(`${meet('left', 'right')}; echo "name=wörld" >> "$TASKPORT_OUTPUTS"`) },
        { name: 'right', run: shell(`${meet('right', 'left')}; echo "greeting=hello" >> "$TASKPORT_OUTPUTS"`) },
        {
          name: 'join',
          group: 1,
          run: shell(`echo "$GREETING $NAME\${ABSENT-, nothing}"`),
          env: {
            GREETING: { output: 'right.greeting' },
            NAME: { output: 'left.name' },
            ABSENT: { output: 'left.absent', optional: true },
          },
        },
      ],
    })
    const done = await executions.final(id)
    expect(done).toMatchObject({ state: 'succeeded', exitCode: 0 })
    expect(done.steps.map((s) => s.outputs)).toEqual([{ name: 'wörld' }, { greeting: 'hello' }, {}])
    expect(await executions.log(id, 'join')).toBe('hello wörld, nothing\n')
  })

  test('an output that nobody gave fails the step that needs it, and names it', async () => {
    const done = await executions.run({
      steps: [
        { name: 'a', run: ['/bin/true'] },
        { name: 'b', run: ['/bin/true'], needs: ['a'], env: { X: { output: 'a.nothing' } } },
      ],
    })
    expect(done).toMatchObject({ state: 'failed', reason: { code: 'output_missing', facts: { key: 'nothing' } } })
  })

  test('conditions: started, healthy, completed and succeeded each wait for what they say', async () => {
    const id = await executions.submit({
      steps: [
        {
          name: 'service',
          run: shell(`${waitFor('may-be-healthy')}; : > ${file('healthy')}; ${waitFor('may-end')}; exit 4`),
          health: { run: shell(`test -e ${file('healthy')}`), interval: '50ms', retries: 100 },
          essential: false,
        },
        { name: 'beside', run: ['/bin/true'], needs: [{ step: 'service', until: 'started' }] },
        { name: 'client', run: ['/bin/true'], needs: [{ step: 'service', until: 'healthy' }] },
        { name: 'after', run: ['/bin/true'], needs: [{ step: 'service', until: 'completed' }] },
        { name: 'never', run: ['/bin/true'], needs: ['service'], essential: false },
      ],
    })
    const states = async (): Promise<readonly string[]> => (await executions.get(id)).steps.map((s) => s.state)
    await executions.until(id, 'past started', (e) => e.steps[1]!.state === 'succeeded')
    expect(await states()).toEqual(['running', 'succeeded', 'waiting', 'waiting', 'waiting'])
    touch('may-be-healthy')
    await executions.until(id, 'past healthy', (e) => e.steps[2]!.state === 'succeeded')
    expect(await states()).toEqual(['running', 'succeeded', 'succeeded', 'waiting', 'waiting'])
    touch('may-end')
    const done = await executions.final(id)
    expect(done.state).toBe('succeeded')
    expect(await states()).toEqual(['failed', 'succeeded', 'succeeded', 'succeeded', 'skipped'])
    expect(done.steps[4]!.reason).toMatchObject({ code: 'condition_never' })
  })

  test('a step is stopped before what it needs: dependents first', async () => {
    const trap = (name: string): string =>
      `trap 'echo ${name} >> ${file('stops')}; exit 0' TERM; echo ready; while :; do sleep 0.01; done`
    const id = await executions.submit({
      steps: [
        { name: 'database', run: shell(trap('database')) },
        { name: 'server', run: shell(trap('server')), needs: [{ step: 'database', until: 'started' }] },
        { name: 'proxy', run: shell(trap('proxy')), needs: [{ step: 'server', until: 'started' }] },
      ],
    })
    await eventually('all are ready', async () => (await executions.log(id, 'proxy')).includes('ready'))
    await executions.stop(id)
    await executions.final(id)
    expect(readFileSync(file('stops'), 'utf8')).toBe('proxy\nserver\ndatabase\n')
  })
})

describe('what cannot run', () => {
  test.each([
    ['a missing program', { command: ['/no/such/program', 'x'] }, 'program_missing', '/no/such/program'],
    [
      'a missing directory',
      { command: ['/bin/true'], workdir: '/no/such/place' },
      'directory_missing',
      '/no/such/place',
    ],
    ['an unknown user', { command: ['/bin/true'], user: 'nobody-at-all' }, 'user_missing', 'nobody-at-all'],
    [
      'a secret that is not there',
      { command: ['/bin/true'], env: { A: { secret: 'none' } } },
      'secret_missing',
      'none',
    ],
  ] as const)('%s fails the attempt and is named', async (_what, wish, code, name) => {
    const done = await executions.run(wish as never)
    expect(done).toMatchObject({ state: 'failed', reason: { code, message: expect.stringContaining(name) } })
    expect(done.steps[0]!.attempts[0]!.exit).toMatchObject({ outcome: 'refused' })
  })
})

describe('trying again', () => {
  test('waits longer each time, stops at the limit, and tells every try', async () => {
    const retry = { limit: 3, backoff: { initial: '40ms', factor: 2 } }
    const done = await executions.run({ command: shell('exit 9'), retry })
    expect(done).toMatchObject({ state: 'failed', exitCode: 9, steps: [{ retries: 3 }] })
    const { attempts } = done.steps[0]!
    expect(attempts.map((a) => [a.number, a.exitCode])).toEqual([1, 2, 3, 4].map((n) => [n, 9]))
    const waits = attempts.slice(1).map((a, i) => millisBetween(attempts[i]!.exitedAt!, a.requestedAt))
    for (const [i, wait] of waits.entries()) expect(wait).toBeGreaterThanOrEqual(40 * 2 ** i - 2)
  })

  test('chosen exit codes, ignored ones and too short a life decide', async () => {
    const quick = { initial: '1ms' }
    const tries = async (code: number, retry: object): Promise<number> =>
      (await executions.run({ command: shell(`exit ${code}`), retry: { limit: 2, backoff: quick, ...retry } }))
        .steps[0]!.attempts.length
    expect(await tries(3, { exitCodes: [3] })).toBe(3)
    expect(await tries(4, { exitCodes: [3] })).toBe(1)
    expect(await tries(3, { ignoredExitCodes: [3] })).toBe(1)
    expect(await tries(3, { minimumUptime: '1h' })).toBe(1)
    expect(await tries(0, { on: 'any' })).toBe(3)
  })
})

describe('stop', () => {
  test('before the end: the program gets its signal, the outcome is cancelled, its own code is kept', async () => {
    const id = await executions.submit({
      command: shell('trap "exit 7" TERM; echo ready; while :; do sleep 0.01; done'),
    })
    await eventually('it is ready', async () => (await executions.log(id)) === 'ready\n')
    await executions.stop(id)
    expect(await executions.final(id)).toMatchObject({ state: 'cancelled', exitCode: 7, stopCause: { kind: 'user' } })
  })

  test('after the end changes nothing', async () => {
    const done = await executions.run({ command: ['/bin/true'] })
    expect(await executions.stop(done.id)).toEqual(done)
  })

  test('at the very moment of the end: one of the two, never neither', async () => {
    for (let i = 0; i < 20; i++) {
      const id = await executions.submit({ command: shell('exit 0') })
      await executions.stop(id)
      const done = await executions.final(id)
      expect(['succeeded', 'cancelled']).toContain(done.state)
      if (done.state === 'succeeded') expect(done.exitCode).toBe(0)
    }
  })

  test('before a retry is due: it is not tried again', async () => {
    const id = await executions.submit({ command: shell('exit 1'), retry: { backoff: { initial: '1h' } } })
    await executions.until(id, 'waiting for its retry', (e) => e.steps[0]!.notBefore !== undefined)
    await executions.stop(id)
    const done = await executions.final(id)
    expect(done).toMatchObject({ state: 'cancelled' })
    expect(done.steps[0]!.attempts).toHaveLength(1)
  })

  test('after the retry began: the second try is stopped', async () => {
    const script = `[ -e ${file('second')} ] && { echo again; while :; do sleep 0.01; done; }; : > ${file('second')}; exit 1`
    const id = await executions.submit({ command: shell(script), retry: { backoff: { initial: '1ms' } } })
    await eventually('the second try runs', async () => (await executions.log(id)) === 'again\n')
    await executions.stop(id)
    const done = await executions.final(id)
    expect(done).toMatchObject({ state: 'cancelled' })
    expect(done.steps[0]!.attempts.map((a) => a.exit)).toMatchObject([
      { outcome: 'exited', code: 1 },
      { outcome: 'signaled', signal: 'SIGTERM' },
    ])
  })

  test('a program that ignores the signal is killed when its grace is over, with all its children', async () => {
    const script = `trap "" TERM; (setsid sh -c 'trap "" TERM; echo $$ > ${file('child')}; while :; do sleep 0.01; done' &); echo ready; while :; do sleep 0.01; done`
    const id = await executions.submit({ command: shell(script), stop: { grace: '100ms' } })
    await eventually(
      'both run',
      async () => (await executions.log(id)) === 'ready\n' && Number(readQuietly('child')) > 0,
    )
    await executions.stop(id)
    const done = await executions.final(id)
    expect(done.steps[0]!.attempts[0]!.exit).toMatchObject({ signal: 'SIGKILL', killedAfterGrace: true })
    expect(() => process.kill(Number(readQuietly('child')), 0)).toThrow('ESRCH')
  })
})

describe('time limits', () => {
  test('of a step and of the whole execution: the program is stopped, the reason says which', async () => {
    const step = await executions.run({ command: ['/bin/sleep', '60'], timeout: '150ms' })
    expect(step).toMatchObject({ state: 'failed', reason: { code: 'step_timeout' } })
    const whole = await executions.run({ steps: [{ name: 'a', run: ['/bin/sleep', '60'] }], timeout: '150ms' })
    expect(whole).toMatchObject({ state: 'failed', reason: { code: 'execution_timeout' } })
  })

  test('are kept while the server is down, and the program that ended then has its true exit', async () => {
    const script = (name: string): string =>
      `trap ': > ${file(name)}; exit 3' TERM; echo ready; while :; do sleep 0.01; done`
    const limited = await executions.submit({ command: shell(script('timed-out')), timeout: '700ms' })
    const ending = await executions.submit({ command: shell(`echo one; ${waitFor('go-on')}; echo two; exit 5`) })
    for (const id of [limited, ending]) await eventually('it runs', async () => (await executions.log(id)) !== '')
    await server.kill()
    touch('go-on')
    await eventually('the limit is kept', () => readQuietly('timed-out') !== undefined)
    await server.start()
    expect(await executions.final(limited)).toMatchObject({
      state: 'failed',
      exitCode: 3,
      reason: { code: 'step_timeout' },
    })
    expect(await executions.final(ending)).toMatchObject({ state: 'failed', exitCode: 5 })
    expect(await executions.log(ending)).toBe('one\ntwo\n')
  })
})

function readQuietly(name: string): string | undefined {
  try {
    return readFileSync(file(name), 'utf8')
  } catch {
    return undefined
  }
}
