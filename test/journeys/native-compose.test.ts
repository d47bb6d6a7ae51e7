/** Executions that start and await others, add to themselves, come by the clock, and keep secrets. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Executions, shell } from '../support/executions.ts'
import { ServerProcess } from '../support/server-process.ts'
import { eventually } from '../support/taskport-process.ts'

const directory = mkdtempSync(join(tmpdir(), 'taskport-compose-'))
const file = (name: string): string => join(directory, name)
const linesOf = (name: string): readonly string[] => {
  try {
    return readFileSync(file(name), 'utf8').trim().split('\n')
  } catch {
    return []
  }
}

let server: ServerProcess
const executions = new Executions(() => server.api)
beforeAll(async () => {
  server = await ServerProcess.start({ flags: ['--sandbox', 'off', '--log-level', 'debug'] })
})
afterAll(async () => {
  await server.end()
  rmSync(directory, { recursive: true, force: true })
})

describe('an await step', () => {
  test('starts what is absent once, and all who await the same key share it', async () => {
    const name = 'shared-build'
    const command = shell(`echo built >> ${file('builds')}; sleep 0.2`)
    await server.api.call('putTask', { params: { name }, body: { command } })
    const plan = {
      steps: [
        { name: 'build', await: { key: 'tree-1', task: name, acceptFinal: true } },
        { name: 'use', run: ['/bin/true'], needs: ['build'] },
      ],
    }
    const ids = await Promise.all(Array.from({ length: 5 }, () => executions.submit(plan)))
    const done = await Promise.all(ids.map((id) => executions.final(id)))
    expect(done.map((e) => e.state)).toEqual(Array(5).fill('succeeded'))
    expect(new Set(done.map((e) => e.steps[0]!.awaited)).size).toBe(1)
    const late = await executions.run(plan)
    expect(late.steps[0]!.awaited).toBe(done[0]!.steps[0]!.awaited)
    expect(linesOf('builds')).toEqual(['built'])
    const built = await executions.get(done[0]!.steps[0]!.awaited!)
    expect(built).toMatchObject({ key: 'tree-1', trigger: { kind: 'dependency', source: expect.any(String) } })
  })

  test('of one that fails fails, and says why', async () => {
    await server.api.call('putTask', { params: { name: 'broken' }, body: { command: shell('exit 6') } })
    const done = await executions.run({ steps: [{ name: 'w', await: { key: 'broken-1', task: 'broken' } }] })
    expect(done).toMatchObject({ state: 'failed', reason: { code: 'awaited_failed' } })
    expect(done.reason!.message).toContain('exited with code 6')
  })

  test('waits on over a death of the server', async () => {
    const target = await executions.submit({
      key: 'outliving',
      command: shell(`until [ -e ${file('target')} ]; do sleep 0.01; done; touch ${file('x')}`),
    })
    await executions.untilState(target, 'running')
    const waiting = await executions.submit({
      steps: [
        { name: 'w', await: { key: 'outliving' } },
        { name: 'after', run: shell(`test -e ${file('x')}`), needs: ['w'] },
      ],
    })
    await executions.until(waiting, 'awaiting', (e) => e.steps[0]!.awaited === target)
    await server.kill()
    await server.start()
    const [step] = (await executions.get(waiting)).steps
    expect(step!.awaited).toBe(target)
    expect(['starting', 'running']).toContain(step!.state)
    await executions.run({ command: ['/bin/touch', file('target')] })
    expect((await executions.final(waiting)).state).toBe('succeeded')
  })
})

describe('a program', () => {
  const ask = (method: string, path: string, body: object): string =>
    `const answer = await fetch(process.env.TASKPORT_URL + '/taskport/v1/attempts/' + process.env.TASKPORT_ATTEMPT + '/${path}', {
       method: '${method}', body: ${JSON.stringify(JSON.stringify(body))},
       headers: { authorization: 'Bearer ' + process.env.TASKPORT_TOKEN, 'content-type': 'application/json' } });
     console.log(answer.status);`
  const program = (script: string): string[] => [process.execPath, '--input-type=module', '-e', script]

  test('that may append steps adds to its own plan while it runs; adding them again changes nothing', async () => {
    const steps = [
      { name: 'left', run: shell('echo l=1 > $TASKPORT_OUTPUTS') },
      { name: 'join', run: shell('echo "joined $L"'), needs: ['left'], env: { L: { output: 'left.l' } } },
    ]
    const twice = ask('POST', 'steps', { steps }).replaceAll('const ', 'var ').repeat(2)
    const id = await executions.submit({ steps: [{ name: 'probe', run: program(twice), appends: true }] })
    const done = await executions.final(id)
    expect(await executions.log(id, 'probe')).toBe('200\n200\n')
    expect(done.steps.map((s) => [s.name, s.state])).toEqual([
      ['probe', 'succeeded'],
      ['left', 'succeeded'],
      ['join', 'succeeded'],
    ])
    expect(await executions.log(id, 'join')).toBe('joined 1\n')
  })

  test('that may not is refused, and its plan stays as it was', async () => {
    const script = ask('POST', 'steps', { steps: [{ name: 'more', run: ['/bin/true'] }] })
    const done = await executions.run({ steps: [{ name: 'only', run: program(script) }] })
    expect(await executions.log(done.id)).toBe('403\n')
    expect(done.steps).toHaveLength(1)
  })

  test('publishes outputs and progress while it runs', async () => {
    const script = `${ask('POST', 'outputs', { outputs: { url: 'http://here' } })}
      ${ask('POST', 'progress', { percent: 40, message: 'half way' }).replaceAll('const ', 'var ').replaceAll('answer', 'second')}
      setInterval(() => {}, 1000)`
    const id = await executions.submit({ command: program(script) })
    await eventually('it reported', async () => (await executions.log(id)) === '204\n204\n')
    expect((await executions.get(id)).steps[0]).toMatchObject({
      state: 'running',
      outputs: { url: 'http://here' },
      progress: { percent: 40, message: 'half way' },
    })
    await executions.stop(id)
    await executions.final(id)
  })
})

describe('a schedule', () => {
  test('runs each second it names once, also over a restart, and not any more when its task is deleted', async () => {
    const command = shell(`echo tick >> ${file('ticks')}`)
    const schedule = { cron: '* * * * * *', overlap: 'allow' as const }
    await server.api.call('putTask', { params: { name: 'ticking' }, body: { command, schedule } })
    const runs = async (): Promise<number> =>
      (await server.api.call('listExecutions', { query: { task: 'ticking', trigger: 'schedule' } })).body.items.length
    await eventually('it ran twice', async () => (await runs()) >= 2)
    await server.restart()
    const before = await runs()
    await eventually('it goes on', async () => (await runs()) > before)
    await server.api.call('deleteTask', { params: { name: 'ticking' } })
    expect((await server.api.call('listSchedules')).body.items).toEqual([])
    const all = (await server.api.call('listExecutions', { query: { task: 'ticking' } })).body.items
    for (const { id } of all) await executions.final(id)
    expect(linesOf('ticks')).toHaveLength(all.length)
  })
})

describe('a secret', () => {
  test('reaches the program and nobody else: no reply, event, or word of the server holds it', async () => {
    const value = 'tops3cret-tops3cret'
    await server.api.call('putSecret', { params: { name: 'db' }, body: { value: JSON.stringify({ password: value }) } })
    const body = {
      steps: [
        {
          name: 'use',
          run: shell('test "$PASSWORD" = tops3cret-$HALF; echo $? '),
          env: { PASSWORD: { secret: 'db', key: 'password' }, HALF: 'tops3cret' },
        },
        {
          name: 'fail',
          run: ['/no/such/program'],
          env: { PASSWORD: { secret: 'db', key: 'password' } },
          essential: false,
        },
      ],
    }
    const done = await executions.run(body)
    expect(await executions.log(done.id, 'use')).toBe('0\n')
    const params = { id: done.id }
    const answers = await Promise.all([
      server.api.call('getExecution', { params }),
      server.api.call('getPlan', { params }),
      server.api.call('listExecutionEvents', { params }),
      server.api.call('listSecrets'),
      server.api.call('retryExecution', { params }),
    ])
    for (const { text } of answers) expect(text).not.toContain(value)
    expect(answers[1]!.text).toContain('"secret":"db"')
    expect(server.errors).not.toContain(value)
    expect(server.errors).not.toContain(server.token)
    const everything = readFileSync(join(server.dataDirectory, 'cell.log'), { flag: 'a+' }).toString()
    expect(everything).not.toContain(value)
  })
})
