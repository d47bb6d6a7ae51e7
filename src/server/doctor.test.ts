import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { examine } from './doctor.ts'
import { removeServerFile, writeServerFile } from './server-file.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'taskport-doctor-'))
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(directory, { recursive: true })
})

const found = async (name: string, dataDirectory = directory) =>
  (await examine({ dataDirectory })).find((finding) => finding.name === name)

test('an engine that came after the server is told, with what makes use of it', async () => {
  const socket = join(directory, 'engine.sock')
  const engine = createServer((_, response) => response.end('{"Version":"28.0"}'))
  await new Promise<void>((resolve) => void engine.listen(socket, resolve))
  vi.stubEnv('DOCKER_HOST', `unix://${socket}`)
  expect(await found('docker')).toEqual({ name: 'docker', state: 'ok', says: `28.0 at ${socket}` })
  writeServerFile(directory, { url: 'http://127.0.0.1:1', ephemeral: false })
  expect(await found('docker')).toMatchObject({
    state: 'warning',
    says: expect.stringContaining('began without it'),
    next: expect.stringContaining('taskport down'),
  })
  removeServerFile(directory)
  await new Promise((resolve) => engine.close(resolve))
})

test('what cannot be a data directory is a problem', async () => {
  expect(await found('data directory', '/proc/taskport')).toMatchObject({ state: 'problem' })
  expect(await found('data directory', '/dev/null')).toMatchObject({ state: 'problem', says: '/dev/null is a file' })
  expect(await found('data directory', join(directory, 'new'))).toMatchObject({ state: 'ok' })
})
