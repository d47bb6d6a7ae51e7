/** The server as a process: how it starts, where it keeps things, and what stays when it goes away. */
import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually, startTaskport, TaskportProcess } from '../support/taskport-process.ts'

interface Execution {
  readonly state: string
  readonly exitCode?: number
}

const taskport = new TaskportProcess()
beforeAll(() => taskport.up())
afterAll(() => taskport.end())

const shell = (script: string): readonly string[] => ['--', 'sh', '-c', script]
const show = (id: string): Promise<Execution> => taskport.json<Execution>(['show', id])

/** Of every process of this machine. */
const commandLines = (): readonly string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8')]
      } catch {
        return []
      }
    })

const COMMAND = fileURLToPath(new URL('../../bin/taskport.js', import.meta.url))

/** Of the server that is ready. */
function readPid(): number | undefined {
  const file = join(taskport.dataDirectory, 'server.json')
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { readonly pid: number }).pid : undefined
}

async function isAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0)
    return !/^\S+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

describe('a server that cannot start', () => {
  test('says why and ends, and leaves its data directory to the next', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'taskport-journey-'))
    const up = (...args: string[]) => startTaskport(['up', '--data-dir', directory, ...args]).finished
    for (let round = 0; round < 2; round++) {
      const { code, stderr } = await up('--port', new URL(taskport.url).port)
      expect(code).toBe(1)
      expect(stderr).toMatch(/^taskport: .*address already in use.*\n→ .*--port 0/)
    }
    expect(await up('--port', '65536')).toMatchObject({ code: 2, stderr: expect.stringContaining('--port 65536') })
    rmSync(directory, { recursive: true })
  })

  test.each([
    [
      'a directory that the kernel makes up',
      '/proc/taskport',
      1,
      /\/proc\/taskport cannot be .*: no directory .*\n→ .*--data-dir/,
    ],
    ['a file', '/dev/null', 1, /\/dev\/null cannot be the data directory: it, or .*, is a file\n→ .*--data-dir/],
    ['a variable that was never set', '', 2, /--data-dir names no directory\n→ /],
  ])('%s is no data directory', async (_, path, code, text) => {
    const ended = await startTaskport(['up', '--port', '0', '--data-dir', path]).finished
    expect(ended).toMatchObject({ code, stdout: '' })
    expect(ended.stderr).toMatch(text)
  })

  test('broken off while it starts, it leaves no process', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'taskport-journey-'))
    const starting = startTaskport(['up', '--port', '0', '--data-dir', directory])
    const cells = () => readdirSync(join(directory, 'process', 'cells'))
    await eventually(
      'its first cell is being started',
      () => existsSync(join(directory, 'process', 'cells')) && cells().length > 0,
    )
    starting.process.kill('SIGTERM')
    expect(await starting.finished).toMatchObject({ code: 0 })
    await eventually('no process knows the directory', () => !commandLines().some((line) => line.includes(directory)))
    rmSync(directory, { recursive: true })
  })
})

describe('a data directory', () => {
  test('may lie deep, keeps the rights it had, and ends with its terminal where it is ephemeral', async () => {
    const top = mkdtempSync(join(tmpdir(), 'taskport-journey-'))
    const directory = join(top, 'a'.repeat(90), 'b'.repeat(90))
    mkdirSync(directory, { recursive: true, mode: 0o755 })
    chmodSync(directory, 0o1777)
    chmodSync(top, 0o755)
    const server = startTaskport(['up', '--port', '0', '--ephemeral', '--allow-bind', top, '--data-dir', directory])
    await eventually('the server is ready', () => existsSync(join(directory, 'server.json')))
    expect(statSync(directory).mode & 0o7777).toBe(0o1777)
    const environment = { TASKPORT_DATA_DIR: directory }
    const client = (...args: string[]) => startTaskport(args, { environment })
    expect(await client('run', '--', 'echo', 'deep').finished).toMatchObject({ code: 0, stdout: 'deep\n' })
    const shown = ['--mount', `${top}:/here:ro`, '--workdir', '/here']
    expect(await client('run', ...shown, '--', 'ls').finished).toMatchObject({ code: 0, stdout: `${'a'.repeat(90)}\n` })
    const hidden = await client('run', '--workdir', top, '--', 'ls').finished
    expect(hidden.stderr).toContain('in the sandbox, which shows the system')
    expect(await client('run', '--detach', '--', 'sleep', '987654').finished).toMatchObject({ code: 0 })
    const sleeps = () => commandLines().some((line) => line.includes('987654'))
    await eventually('the task runs', sleeps)
    server.process.kill('SIGHUP')
    expect(await server.finished).toMatchObject({ code: 0 })
    expect(sleeps()).toBe(false)
    rmSync(top, { recursive: true })
  })
})

describe('a server that goes away', () => {
  test('killed in the middle, it finds the task again; who follows it misses no line', async () => {
    const running = taskport.start([
      'run',
      '--name',
      'survivor',
      ...shell('for i in $(seq 40); do echo $i; sleep 0.05; done; exit 6'),
    ])
    await eventually('it runs', () => running.stdout().includes('3\n'))
    await taskport.kill()
    await taskport.up(['--port', new URL(taskport.url).port])
    const done = await running.finished
    expect(done.stdout).toBe(Array.from({ length: 40 }, (_, i) => `${i + 1}\n`).join(''))
    expect(done).toMatchObject({ code: 6 })
    expect(await show('survivor')).toMatchObject({ state: 'failed', exitCode: 6 })
  })

  test('started by npx it ends with a SIGTERM for npx, and the next one waits until it has left', async () => {
    await taskport.run(['down', '--data-dir', taskport.dataDirectory])
    const args = ['--port', '0', '--data-dir', taskport.dataDirectory]
    const environment = { ...process.env, npm_command: 'exec', TASKPORT: COMMAND, NODE: process.execPath }
    // What npm starts: a shell that waits for the command, and dies of a signal alone.
    const shell = spawn('sh', ['-c', '"$NODE" "$TASKPORT" up "$@"; exit', 'sh', ...args], { env: environment })
    const pid = await eventually('the server is ready', () => readPid())
    shell.kill('SIGTERM')
    await taskport.up()
    await eventually('the first has ended', async () => !(await isAlive(pid)))
    expect(readPid()).not.toBe(pid)
  })

  test('stopped, it leaves tasks running; down --kill ends them, also when no server runs', async () => {
    const { stdout } = await taskport.run([
      'run',
      '--detach',
      '--name',
      'left',
      ...shell('trap "" TERM; echo $$ > pid; sleep 300; sleep 300'),
    ])
    const id = stdout.trim()
    await eventually('it runs', async () => (await show(id)).state === 'running')
    const handle = async () =>
      (await taskport.json<{ steps: { attempts: { handle?: string }[] }[] }>(['show', id])).steps[0]?.attempts[0]
        ?.handle
    const pid = Number(await eventually('its process is known', handle))
    expect(await taskport.run(['down', '--data-dir', taskport.dataDirectory])).toMatchObject({ code: 0 })
    expect((await taskport.server.finished).code).toBe(0)
    expect(await isAlive(pid)).toBe(true)
    // At once, whatever grace it was given when it was stopped.
    await taskport.up()
    expect(await taskport.run(['stop', '--grace', '10m', id])).toMatchObject({ code: 0 })
    await taskport.kill()
    expect(await isAlive(pid)).toBe(true)
    expect(await taskport.run(['down', '--kill', '--data-dir', taskport.dataDirectory])).toMatchObject({ code: 0 })
    await eventually('the process is gone', async () => !(await isAlive(pid)))
    await taskport.up()
    expect((await show(id)).state).toBe('cancelled')
  })
})
