import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findEndpoint } from './endpoint.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'taskport-endpoint-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const tokenFor = async (url: string) =>
  (await findEndpoint({ url, token: undefined, dataDirectory: directory })).token !== undefined

test("a directory's token goes to its own server and to others of this machine, to nobody else", async () => {
  for (const url of ['http://127.0.0.1:1', 'http://localhost:1', 'http://[::1]:1'])
    expect(await tokenFor(url)).toBe(true)
  for (const url of ['http://tasks.example', 'http://127.0.0.1.example', 'http://192.0.2.1:7400'])
    expect(await tokenFor(url)).toBe(false)
  const { writeServerFile } = await import('../server/server-file.ts')
  writeServerFile(directory, { url: 'http://192.0.2.1:7400', ephemeral: false })
  expect(await tokenFor('http://192.0.2.1:7400')).toBe(true)
  expect(await tokenFor('http://192.0.2.2:7400')).toBe(false)
  expect(existsSync(join(directory, 'key'))).toBe(true)
})
