import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CfClient } from '../support/cf-client.ts'
import { dropletOf } from '../support/cf-world.ts'
import { eventually } from '../support/taskport-process.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const INSTALL_MS = 180_000
/** Makes this Node say that it is an old one. */
const AS_NODE_20 =
  'data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.1.0"}})'

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

function command(program: string, args: readonly string[], directory: string): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd: directory, timeout: INSTALL_MS }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    )
  })
}

let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'taskport-package-'))
  const packed = await command('npm', ['pack', '--silent', '--pack-destination', folder], root)
  expect(packed, packed.stdout + packed.stderr).toMatchObject({ code: 0 })
  const tarball = join(folder, packed.stdout.trim().split('\n').at(-1)!)
  const install = [
    'install',
    '--prefix',
    folder,
    '--no-audit',
    '--no-fund',
    '--prefer-offline',
    '--ignore-scripts',
    tarball,
  ]
  const installed = await command('npm', install, folder)
  expect(installed, installed.stderr).toMatchObject({ code: 0 })
}, INSTALL_MS)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Work behind a face is a program of ours in a sandbox: it must find its dependencies there. Throws when it fails. */
async function pushedDroplet(environment: Readonly<Record<string, string>>): Promise<void> {
  const cf = new CfClient(environment.CF_API!)
  await cf.login(environment.CF_USERNAME!, environment.CF_PASSWORD!)
  await cf.pushDroplet('packed', dropletOf({ 'a.sh': 'true\n' }))
}

describe('the package, installed into an empty directory', () => {
  test('is found by npx', async () => {
    const manifest = readFileSync(join(root, 'package.json'), 'utf8')
    const { version } = JSON.parse(manifest) as { readonly version: string }
    expect(await command('npx', ['--no-install', 'taskport', '--version'], folder)).toMatchObject({
      code: 0,
      stdout: `${version}\n`,
    })
  })

  test('runs a server and a task from what was built, without install scripts', async () => {
    const taskport = (...args: string[]) =>
      command(
        process.execPath,
        [join(folder, 'node_modules/taskport/bin/taskport.js'), ...args, '--data-dir', 'data'],
        folder,
      )
    const server = taskport('up', '--port', '0', '--ephemeral')
    let ended: Ended | undefined
    void server.then((how) => {
      ended = how
    })
    try {
      await eventually('it is up', async () => {
        if (ended) throw new Error(ended.stdout + ended.stderr)
        return (await taskport('info')).code === 0
      })
      const { pid } = JSON.parse(readFileSync(join(folder, 'data/server.json'), 'utf8')) as { readonly pid: number }
      expect(readFileSync(`/proc/${pid}/cmdline`, 'latin1')).toContain('--no-allocation-site-pretenuring')
      // Options stand before the program: what follows it is the program's.
      const run = ['run', '--data-dir', 'data', '--', 'sh', '-c', 'echo built; exit 3']
      const bin = join(folder, 'node_modules/taskport/bin/taskport.js')
      expect(await command(process.execPath, [bin, ...run], folder)).toMatchObject({ code: 3, stdout: 'built\n' })
      await pushedDroplet(JSON.parse((await taskport('env', '--format', 'json')).stdout))
    } finally {
      await taskport('down')
    }
    expect(await server).toMatchObject({ code: 0 })
  })

  test('says in one sentence that it needs Node 24', async () => {
    const bin = join(folder, 'node_modules/taskport/bin/taskport.js')
    expect(await command(process.execPath, ['--import', AS_NODE_20, bin, 'version'], folder)).toEqual({
      code: 1,
      stdout: '',
      stderr: 'taskport: Taskport needs Node 24 or newer; this is Node 20.1.0.\n',
    })
  })
})

test('in a clone an old Node goes on under the Node that the development dependency brings', async () => {
  const bin = join(root, 'bin/taskport.js')
  const ended = await command(process.execPath, ['--import', AS_NODE_20, bin, 'version', '--format', 'json'], root)
  expect(ended).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(ended.stdout)).toMatchObject({ node: expect.stringMatching(/^24\./) })
})

test('who kills the old Node kills the server under it: it holds neither port nor data directory', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'taskport-old-node-'))
  const up = ['--import', AS_NODE_20, join(root, 'bin/taskport.js'), 'up', '--ephemeral', '--port', '0']
  const start = () => spawn(process.execPath, [...up, '--data-dir', directory], { stdio: 'ignore' })
  const serverPid = () =>
    eventually('a server is ready', () => {
      const file = join(directory, 'server.json')
      return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { readonly pid: number }).pid : undefined
    })
  const killed = start()
  const pid = await serverPid()
  expect(pid).not.toBe(killed.pid)
  killed.kill('SIGKILL')
  await eventually('it is dead', () => !existsSync(`/proc/${pid}/cwd/.`))
  rmSync(join(directory, 'server.json'))
  const next = start()
  expect(await serverPid()).not.toBe(pid)
  const ended = new Promise((resolve) => next.on('exit', resolve))
  next.kill('SIGTERM')
  expect(await ended).toBe(0)
  rmSync(directory, { recursive: true, force: true })
})
