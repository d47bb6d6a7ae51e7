import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually, startTaskport, TaskportProcess } from '../support/taskport-process.ts'

interface Execution {
  readonly id: string
  readonly name?: string
  readonly state: string
  readonly exitCode?: number
  readonly reason: { readonly code: string; readonly message: string } | null
  readonly trigger: { readonly kind: string; readonly source?: string }
  readonly steps: readonly { readonly name: string; readonly state: string }[]
}

interface List {
  readonly items: readonly Execution[]
}

const taskport = new TaskportProcess()
beforeAll(() => taskport.up())
afterAll(() => taskport.end())

const shell = (script: string): readonly string[] => ['--', 'sh', '-c', script]
const show = (id: string): Promise<Execution> => taskport.json<Execution>(['show', id])

describe('taskport run', () => {
  test('streams stdout to stdout and stderr to stderr, and exits with the code of the task', async () => {
    const done = await taskport.run(['run', ...shell('printf "a\\n\\001\\nno newline"; echo oops >&2; exit 7')])
    expect(done).toMatchObject({ code: 7, stdout: 'a\n\u0001\nno newline' })
    const [program, why, next] = done.stderr.split('\n')
    expect(program).toBe('oops')
    expect(why).toMatch(/^taskport: failed after \S+: exited with code 7$/)
    expect(next).toMatch(/^→ taskport show \S+ · taskport retry \S+$/)
  })

  test('a task that succeeds says nothing but its output', async () => {
    expect(await taskport.run(['run', ...shell('echo fine')])).toEqual({
      code: 0,
      signal: null,
      stdout: 'fine\n',
      stderr: '',
    })
  })

  test('a task ended by a signal exits with 128 + its number', async () => {
    expect(await taskport.run(['run', ...shell('kill -KILL $$')])).toMatchObject({ code: 137 })
  })

  test('a program that does not exist is named', async () => {
    const { code, stderr } = await taskport.run(['run', '--', '/no/such/program'])
    expect(code).not.toBe(0)
    expect(stderr).toContain('/no/such/program')
  })

  test('flags of the program stay the program’s', async () => {
    expect(await taskport.run(['run', 'echo', '--detach', '-n', 'x'])).toMatchObject({
      code: 0,
      stdout: '--detach -n x\n',
    })
  })

  test('environment, name, labels, time limit and retries reach the task', async () => {
    const flags = ['--name', 'all-flags', '--env', 'A=b c', '--label', 'team=x', '--timeout', '30s', '--retries', '1']
    const done = await taskport.run([
      'run',
      ...flags,
      ...shell('try=$(echo $TASKPORT_ATTEMPT | cut -d: -f3); echo "$A $try"; test $try = 2'),
    ])
    expect(done).toMatchObject({ code: 0, stdout: 'b c 1\nb c 2\n' })
    const { items } = await taskport.json<List>(['ps', '--all', '--label', 'team=x'])
    expect(items).toMatchObject([{ name: 'all-flags', state: 'succeeded' }])
  })

  test('a time limit that is over fails the task and says so', async () => {
    const { code, stderr } = await taskport.run(['run', '--timeout', '300ms', '--', 'sleep', '60'])
    expect(code).not.toBe(0)
    expect(stderr).toMatch(/: did not end within its limit of \d+ms$/m)
  })

  test('with --format json it prints a document per log line, and at last the execution', async () => {
    const { code, stdout } = await taskport.run(['run', '--format', 'json', ...shell('echo one; exit 2')])
    const documents = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(code).toBe(2)
    expect(documents).toMatchObject([
      { source: 'stdout', text: 'one' },
      { state: 'failed', exitCode: 2 },
    ])
  })

  test('steps run in the order of what they need, each line under its step’s name', async () => {
    const done = await taskport.run(['run', '--step', 'late(early)=echo two', '--step', 'early=echo one'])
    expect(done).toMatchObject({ code: 0, stdout: 'early │ one\nlate │ two\n' })
  })

  test('Ctrl-C stops the task, which ends in its own way', async () => {
    const script = 'trap "echo bye; exit 5" TERM; echo ready; while :; do sleep 0.05; done'
    const running = taskport.start(['run', '--name', 'interrupted', ...shell(script)])
    await eventually('it is ready', () => running.stdout().includes('ready'))
    running.process.kill('SIGINT')
    const done = await running.finished
    expect(done).toMatchObject({ code: 5, stdout: 'ready\nbye\n' })
    expect(await show('interrupted')).toMatchObject({ state: 'cancelled', exitCode: 5 })
  })

  test('a second Ctrl-C kills a task that ignores the first', async () => {
    const script = 'trap "" TERM; echo ready; while :; do sleep 0.05; done'
    const running = taskport.start(['run', '--name', 'stubborn', ...shell(script)])
    await eventually('it is ready', () => running.stdout().includes('ready'))
    running.process.kill('SIGINT')
    await eventually('it is stopping', async () => (await show('stubborn')).state === 'stopping')
    running.process.kill('SIGINT')
    expect(await running.finished).toMatchObject({ code: 137 })
  })

  test('--detach prints the id and leaves the task running', async () => {
    const { code, stdout } = await taskport.run(['run', '--detach', '--', 'sleep', '60'])
    const id = stdout.trim()
    expect(code).toBe(0)
    await eventually('it runs', async () => (await show(id)).state === 'running')
    expect(await taskport.run(['stop', id])).toMatchObject({ code: 0 })
    await eventually('it is over', async () => (await show(id)).state === 'cancelled')
    expect(await taskport.run(['rm', id])).toMatchObject({ code: 0 })
    expect(await taskport.run(['show', id])).toMatchObject({ code: 1 })
  })
})

describe('what became of an execution', () => {
  test('logs follow a running task to its end, and tell it again afterwards', async () => {
    const { stdout } = await taskport.run(['run', '--detach', ...shell('for i in 1 2 3; do echo $i; sleep 0.2; done')])
    const id = stdout.trim()
    expect(await taskport.run(['logs', '--follow', id])).toMatchObject({ code: 0, stdout: '1\n2\n3\n' })
    expect(await taskport.run(['logs', '--tail', '2', id])).toMatchObject({ code: 0, stdout: '2\n3\n' })
    const lines = (await taskport.run(['logs', id, '--format', 'json'])).stdout.trim().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { step: 'main', source: 'stdout', text: '1' },
      { text: '2' },
      { text: '3' },
    ])
  })

  test('retry runs the plan again, linked to the first', async () => {
    await taskport.run(['run', '--name', 'again', ...shell('exit 4')])
    const first = await show('again')
    expect(await taskport.run(['retry', first.id, '--follow'])).toMatchObject({ code: 4 })
    const second = await show('again')
    expect(second).toMatchObject({ state: 'failed', trigger: { kind: 'retry', source: first.id } })
    expect(second.id).not.toBe(first.id)
  })

  test('events tell each transition, one JSON document a line', async () => {
    await taskport.run(['run', '--name', 'told', '--', 'true'])
    const { stdout } = await taskport.run(['events', 'told', '--kind', 'execution.state', '--format', 'json'])
    const states = stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { to: string }).to)
    expect(states).toEqual(['pending', 'starting', 'running', 'succeeded'])
  })

  test('events are followed from now on; those of one execution from its beginning to its end', async () => {
    await taskport.run(['run', '--name', 'before', '--', 'true'])
    const following = taskport.start(['events', '-f', '--kind', 'execution.state', '--limit', '4', '--format', 'json'])
    // Nothing says that it listens: a task a look until it has heard enough.
    await eventually('it has heard of a task', async () => {
      await taskport.run(['run', '--detach', '--name', 'after', '--', 'true'])
      return following.stdout() !== ''
    })
    const { code, stdout } = await following.finished
    expect(code).toBe(0)
    const named = new Map((await taskport.json<List>(['ps', '--all'])).items.map((e) => [e.id, e.name]))
    const told = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { execution: string })
    expect(told.map(({ execution }) => named.get(execution))).toEqual(['after', 'after', 'after', 'after'])

    await taskport.run(['run', '--detach', '--name', 'watched', ...shell('sleep 0.5; exit 3')])
    const whole = await taskport.run(['events', '-f', 'watched', '--kind', 'execution.state'])
    expect(whole.code).toBe(0)
    expect(
      whole.stdout
        .trim()
        .split('\n')
        .map((line) => line.split(' → ')[1]?.split(' ')[0]),
    ).toEqual(['pending', 'starting', 'running', 'failed'])
    expect((await taskport.run(['events', '-f', 'watched'])).stdout).toContain('step.state')
    expect((await taskport.run(['events', '--since', '1h', '--limit', '3'])).stdout.trim().split('\n')).toHaveLength(3)
    expect(await taskport.run(['events', '--since', '2100-01-01T00:00:00Z'])).toMatchObject({ code: 0, stdout: '' })
  })

  test('one that runs is not deleted, and it says what would: stop first, or --force', async () => {
    const id = (await taskport.run(['run', '--detach', '--', 'sleep', '60'])).stdout.trim()
    const refused = await taskport.run(['rm', id])
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toMatch(/only one that has ended is deleted\n→ stop it first: .*taskport stop.*--force/)
    expect(await taskport.run(['rm', '--force', id])).toMatchObject({ code: 0, stdout: `${id}\n` })
    expect(await taskport.run(['show', id])).toMatchObject({ code: 1 })
  })

  test('what waits says for what, also without a terminal; cancel is another word for stop', async () => {
    const waiting = taskport.start(['run', '--name', 'huge', '--memory', '900T', '--', 'true'])
    await eventually('it says so', () =>
      waiting.stderr().includes('no node can take 900T of memory: too little memory'),
    )
    expect(await taskport.run(['cancel', 'huge'])).toMatchObject({ code: 0 })
    expect((await waiting.finished).code).toBe(130)
  })

  test('ps filters by state; tables say why', async () => {
    await taskport.run(['run', '--name', 'sad', ...shell('exit 9')])
    const { stdout } = await taskport.run(['ps', '--state', 'failed', '--name', 'sad'])
    expect(stdout.split('\n')[1]).toMatch(/^\S{36}\s+sad\s+failed\s+9\s.*exited with code 9$/)
  })
})

describe('tasks', () => {
  const file = join(taskport.dataDirectory, 'task.yaml')

  test('a file is registered once, run by name, shown as a file again, and deactivated', async () => {
    writeFileSync(file, 'name: greet\ncommand: echo "hello $WHO"\nenv:\n  WHO: { secret: who }\n')
    expect(await taskport.run(['secret', 'set', 'who'], { stdin: 'world\n' })).toMatchObject({ code: 0 })
    expect(await taskport.run(['task', 'apply', '-f', file])).toMatchObject({ code: 0, stdout: 'greet:1\n' })
    expect(await taskport.run(['task', 'apply', '-f', file])).toMatchObject({ code: 0, stdout: 'greet:1\n' })
    expect(await taskport.run(['task', 'run', 'greet'])).toMatchObject({ code: 0, stdout: 'hello world\n' })
    const shown = await taskport.run(['task', 'show', 'greet'])
    expect(await taskport.run(['task', 'apply', '--check', '-f', '-'], { stdin: shown.stdout })).toMatchObject({
      code: 0,
    })
    for (const named of ['greet', 'greet:1'])
      expect(await taskport.run(['logs', named])).toMatchObject({ code: 0, stdout: 'hello world\n' })
    expect(await taskport.run(['task', 'rm', 'greet'])).toMatchObject({ code: 0 })
    expect((await taskport.run(['task', 'ls'])).stdout).toMatch(/greet +inactive/)
    expect(await taskport.run(['task', 'run', 'greet'])).toMatchObject({ code: 1 })
  })

  test('what only the server can refuse is placed in the file as well', async () => {
    writeFileSync(file, 'name: hurried\nsteps:\n  - name: a\n    run: "true"\n    timeout: 0s\n')
    const { code, stderr } = await taskport.run(['task', 'apply', '-f', file])
    expect(code).toBe(2)
    expect(stderr).toMatch(/task\.yaml:5:\d+: .*longer than nothing/)
  })
})

describe('errors', () => {
  const cases: readonly (readonly [string, readonly string[], number, RegExp])[] = [
    ['nothing to run', ['run'], 2, /nothing to run\n→ .*taskport run -- echo hello/],
    ['an unknown command', ['jump'], 2, /unknown command 'jump'/],
    ['an unknown flag', ['ps', '--jump'], 2, /unknown option '--jump'/],
    ['a flag that the server cannot take', ['run', '--memory', 'much', '--', 'true'], 2, /memory: must be a size/],
    ['a secret that is not there', ['secret', 'rm', 'nobody'], 1, /no secret nobody\n→ .*taskport secret ls/],
    ['an unknown format', ['ps', '--format', 'xml'], 2, /Allowed choices are human, json/],
    [
      'an execution that is not there',
      ['show', 'nobody'],
      1,
      /no execution has the id or name nobody\n→ .*taskport ps -a/,
    ],
    ['an address that is none', ['ps', '--url', 'nowhere'], 1, /nowhere is no http:\/\/ .*\n→ /],
    [
      'a server that is not there',
      ['ps', '--url', 'http://127.0.0.1:1'],
      1,
      /no Taskport server answers at http:\/\/127.0.0.1:1\n→ .*taskport up/,
    ],
    ['a state that is none', ['ps', '--state', 'gone'], 2, /Allowed choices are pending, .*lost/],
    ['a time limit that is none', ['run', '--timeout', 'soon', '--', 'true'], 2, /--timeout soon is no .*\n→ .*30s/],
    ['a wrong token', ['ps', '--token', 'wrong'], 1, /\n→ .*taskport env/],
  ]
  test.each(cases)('%s: one line what, one line what to do', async (_, args, code, text) => {
    const done = await taskport.run(args)
    expect(done).toMatchObject({ code, stdout: '' })
    expect(done.stderr).toMatch(text)
  })

  test.each([
    [['show', 'nobody', '--format', 'json'], 1, 'no execution has the id or name nobody'],
    [['ps', '--jump', '--format=json'], 2, "unknown option '--jump'"],
    [['shwo', 'nobody', '--format', 'json'], 2, "unknown command 'shwo' (Did you mean show?)"],
    [['show', 'one', 'two', '--format', 'json'], 2, expect.stringContaining('too many arguments')],
  ])('for programs an error is one document: %s', async (args, code, error) => {
    const done = await taskport.run(args)
    expect(done).toMatchObject({ code, stdout: '' })
    expect(JSON.parse(done.stderr)).toEqual({ error, next: expect.any(String) })
  })

  test('where no server ever was, it says how to start one', async () => {
    const { code, stderr } = await startTaskport(['ps'], { directory: '/' }).finished
    expect(code).toBe(1)
    expect(stderr).toContain('start one with `taskport up`')
  })
})

describe('what points clients at the server', () => {
  test('env gives the same credentials with the server and without, and they are taken', async () => {
    const environment = await taskport.json<Record<string, string>>(['env', '--data-dir', taskport.dataDirectory])
    const elsewhere = { ...environment, TASKPORT_DATA_DIR: '/nowhere' }
    expect(await taskport.run(['info'], { environment: elsewhere })).toMatchObject({ code: 0 })
    const { stdout } = await taskport.run(['env', '--data-dir', taskport.dataDirectory])
    expect(stdout).toContain(`export TASKPORT_TOKEN=${environment.TASKPORT_TOKEN}\n`)
  })

  test('a data directory that a flag names counts more than what the shell still has set', async () => {
    const environment = { TASKPORT_URL: 'http://127.0.0.1:1', TASKPORT_TOKEN: 'of another' }
    expect(await taskport.run(['ps'], { environment })).toMatchObject({ code: 1 })
    expect(await taskport.run(['ps', '--data-dir', taskport.dataDirectory], { environment })).toMatchObject({ code: 0 })
  })

  test('a minted token sees its tenant only, until it is revoked', async () => {
    const token = await taskport.json<{ readonly id: string; readonly secret: string }>([
      'token',
      'create',
      '--face',
      'native',
      '--tenant',
      'other',
    ])
    const environment = { TASKPORT_TOKEN: token.secret }
    const seen = await taskport.run(['ps', '--all', '--format', 'json'], { environment })
    expect((JSON.parse(seen.stdout) as List).items).toEqual([])
    expect(await taskport.run(['token', 'revoke', token.id])).toMatchObject({ code: 0 })
    expect(await taskport.run(['ps'], { environment })).toMatchObject({ code: 1 })
  })
})
