import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { eventually, type Running, startTaskport } from '../support/taskport-process.ts'

const FILE = `
services:
  web: {name: Web, triggeredBy: [postEnvironmentStart], commands: {start: "echo up; exec sleep 1000", ready: "true"}}
tasks:
  prepare: {name: Prepare, command: "echo prepared >> marks", triggeredBy: [postEnvironmentStart]}
  build:
    name: Build
    command: echo "building for $TARGET"
    dependsOn: [prepare, web]
    x-taskport: {inputs: {TARGET: {default: here}}}
  broken: {name: Broken, command: echo before; exit 4}
`

let folder: string
let data: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'taskport-folder-'))
  data = mkdtempSync(join(tmpdir(), 'taskport-journey-'))
  mkdirSync(join(folder, '.ona'))
  writeFileSync(join(folder, '.ona/automations.yaml'), FILE)
})
afterEach(() => {
  for (const directory of [folder, data]) rmSync(directory, { recursive: true, force: true })
})

const up = (...args: string[]): Running =>
  startTaskport(['up', '--ephemeral', '--port', '0', '--data-dir', data, '--automations', ...args])

test('up --automations runs a folder’s triggered tasks and services and shows them, and ends them with Ctrl-C', async () => {
  const server = up(join(folder, '.ona/automations.yaml'))
  await eventually('all is shown', () => /web │ up/.test(server.stdout()) && /prepare succeeded/.test(server.stderr()))
  expect(readFileSync(join(folder, 'marks'), 'utf8')).toBe('prepared\n')
  server.process.kill('SIGINT')
  expect(await server.finished).toMatchObject({ code: 0, signal: null })
})

test('a task that is named runs with what it needs and its inputs, and its end is the command’s', async () => {
  const built = await up(folder, '--task', 'build', '--input', 'TARGET=there').finished
  expect(built).toMatchObject({ code: 0, stdout: expect.stringContaining('build │ building for there\n') })
  expect(built.stderr).toContain('● web ready')
  const broken = await up(folder, '--task', 'broken').finished
  expect(broken).toMatchObject({ code: 1, stdout: expect.stringContaining('broken │ before\n') })
  expect(broken.stderr).toContain('exited with code 4')
})

test('a mistake in the file is told with its place, an unknown task with those there are', async () => {
  const unknown = await up(folder, '--task', 'nothing').finished
  expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('has no task nothing') })
  writeFileSync(join(folder, '.ona/automations.yaml'), 'tasks:\n  a: {command: x, retries: 3}\n')
  const mistaken = await up(folder).finished
  expect(mistaken).toMatchObject({ code: 1, stderr: expect.stringContaining('line 2, column 19') })
})
