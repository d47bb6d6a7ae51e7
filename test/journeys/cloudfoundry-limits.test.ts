/** Limits that hold: disk and log rate of a task; what may be uploaded; what a quota and a suspended org refuse. */

import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CfClient } from '../support/cf-client.ts'
import { type CfWorld, dropletOf, openCfWorld } from '../support/cf-world.ts'

let world: CfWorld
let cf: CfClient
let app: string

beforeAll(async () => {
  world = await openCfWorld()
  cf = world.admin
  app = await cf.pushDroplet('demo', dropletOf({ 'a.sh': 'true\n' }))
}, 60_000)
afterAll(() => world?.close())

test('a task that writes more than disk_in_mb fails, one that writes less does not', async () => {
  // Slowly enough for a machine that measures instead of capping the file system.
  const writes = (mib: number): string =>
    `for i in $(seq ${mib}); do head -c 1048576 /dev/zero >> big || exit 9; sleep 0.1; done`
  const [large, small] = await Promise.all([
    cf.run(app, { command: writes(30), disk_in_mb: 12, name: 'large' }),
    cf.run(app, { command: writes(4), disk_in_mb: 12, name: 'small' }),
  ])
  expect(large.result.failure_reason).toMatch(/^APP\/TASK\/large: Exited with status (9|137 \(disk limit\))$/)
  expect(small.state).toBe('SUCCEEDED')
}, 60_000)

test('what is over the log rate limit is dropped, and the log says so; a limit of 0 keeps nothing', async () => {
  const command = 'for i in $(seq 200); do echo "line $i of twenty bytes"; done'
  const task = await cf.run(app, { command, name: 'loud', log_rate_limit_in_bytes_per_second: 1_000 })
  const lines = await cf.recentLogs(task.guid)
  const written = lines.filter((line) => line.includes('of twenty bytes'))
  expect(written.length).toBeGreaterThan(0)
  expect(written.length).toBeLessThan(200)
  const dropped = lines
    .map((line) => /(\d+) lines? .*dropped|dropped (\d+) lines?/.exec(line))
    .filter((found) => found !== null)
  const count = dropped.reduce((sum, found) => sum + Number(found[1] ?? found[2]), 0)
  expect(written.length + count).toBe(200)
  const none = await cf.run(app, { command: 'echo unheard', name: 'mute', log_rate_limit_in_bytes_per_second: 0 })
  expect((await cf.recentLogs(none.guid)).some((line) => line.includes('unheard'))).toBe(false)
}, 30_000)

/** Sends a form with a file of so many bytes, made as it goes; answers the status, or what went wrong. */
function upload(path: string, bytes: number, breakAfter = Number.POSITIVE_INFINITY): Promise<number | string> {
  const head =
    '--b\r\ncontent-disposition: form-data; name="bits"; filename="x.zip"\r\ncontent-type: application/zip\r\n\r\n'
  const tail = '\r\n--b--\r\n'
  const piece = Buffer.alloc(1 << 20)
  return new Promise((resolve) => {
    const headers = {
      authorization: `bearer ${cf.token}`,
      'content-type': 'multipart/form-data; boundary=b',
      'content-length': head.length + bytes + tail.length,
    }
    const sent = request(world.url + path, { method: 'POST', headers }, (reply) => {
      reply.resume()
      reply.on('end', () => resolve(reply.statusCode!))
    })
    sent.on('error', (error) => resolve(error.message))
    sent.write(head)
    let left = bytes
    const more = (): void => {
      while (left > 0) {
        if (bytes - left >= breakAfter) return void sent.destroy()
        const next = piece.subarray(0, Math.min(left, piece.length))
        left -= next.length
        if (!sent.write(next)) return void sent.once('drain', more)
      }
      sent.end(tail)
    }
    more()
  })
}

const peakBytes = (): number =>
  Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${world.taskport.server.process.pid}/status`, 'utf8'))![1]) * 1_024

const newPackage = async (): Promise<string> =>
  (await cf.must('POST', '/v3/packages', { type: 'bits', relationships: { app: { data: { guid: app } } } })).guid

test('bits of 1 GB are taken, at flat memory; more is refused; what breaks off leaves nothing and may come again', async () => {
  const guid = await newPackage()
  const path = `/v3/packages/${guid}/upload`
  expect(await upload(path, 2 ** 30, 2 ** 26)).toMatch(/hang up|aborted|ECONNRESET/)
  expect((await cf.must('GET', `/v3/packages/${guid}`)).state).toBe('AWAITING_UPLOAD')
  expect(await upload(path, 2 ** 30 + 1)).toBe(422)
  expect((await cf.must('GET', `/v3/packages/${guid}`)).state).toBe('AWAITING_UPLOAD')
  const before = peakBytes()
  expect(await upload(path, 2 ** 30)).toBe(200)
  expect(peakBytes() - before).toBeLessThan(200 * 2 ** 20)
  expect((await cf.must('GET', `/v3/packages/${guid}`)).state).toBe('READY')
  await cf.job(await cf.send('DELETE', `/v3/packages/${guid}`))
}, 120_000)

test('an app that unpacks to more than its task may hold is told by its log, not by a hanging task', async () => {
  const large = await cf.pushDroplet('large', dropletOf({ 'zeros.bin': '\0'.repeat(20 * 2 ** 20) }))
  const task = await cf.run(large, { command: 'true', disk_in_mb: 8, name: 'tight' })
  expect(task.state).toBe('FAILED')
}, 60_000)
