/** Bad input and a bad environment: what a real server answers, and what it keeps. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Executions, shell } from '../support/executions.ts'
import { processesWith, ServerProcess } from '../support/server-process.ts'
import { eventually } from '../support/taskport-process.ts'

describe('what is no request', () => {
  let server: ServerProcess
  beforeAll(async () => {
    server = await ServerProcess.start({ flags: ['--sandbox', 'off'] })
  })
  afterAll(() => server.end())

  /** Bytes as they are, over a real socket. */
  const send = (body: Buffer | string): Promise<{ status: number; problem: { field?: string; type?: string } }> =>
    new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${server.token}`, 'content-type': 'application/json' }
      const outgoing = request(`${server.url}/taskport/v1/executions`, { method: 'POST', headers }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () =>
          resolve({ status: response.statusCode!, problem: JSON.parse(Buffer.concat(chunks).toString()) }),
        )
      })
      outgoing.on('error', reject)
      outgoing.end(body)
    })
  const bytes = (before: string, raw: readonly number[], after: string): Buffer =>
    Buffer.concat([Buffer.from(before), Buffer.from(raw), Buffer.from(after)])
  const step = (more: string): string => `{"steps":[{"name":"a","run":"x",${more}}]}`

  test.each([
    ['JSON that breaks off', '{"command": [', undefined],
    ['invalid UTF-8', bytes('{"command":["', [0xff, 0xfe, 0xc0], '"]}'), undefined],
    ['a NUL byte', bytes('{"command":["a', [0], 'b"]}'), undefined],
    ['an escaped NUL', '{"command":["a\\u0000b"]}', 'command[0]'],
    ['an unknown field', '{"command":"x","tiemout":"1s"}', 'tiemout'],
    ['a circle', '{"steps":[{"name":"a","run":"x","needs":["b"]},{"name":"b","run":"x","needs":["a"]}]}', 'steps'],
    ['an unknown dependency', step('"needs":["nobody"]'), 'steps[0].needs[0].step'],
    ['a limit of zero', step('"timeout":"0s"'), 'steps[0].timeout'],
    ['a negative limit', step('"pids":-1'), 'steps[0].pids'],
    ['a negative retry', step('"retry":{"limit":-1}'), 'steps[0].retry.limit'],
  ] as const)('%s is answered with 400, the field named', async (_what, body, field) => {
    const { status, problem } = await send(body)
    expect(status).toBe(400)
    if (field !== undefined) expect(problem.field).toBe(field)
  })

  test('a command of 10 MB is too large; the connection and the server live on', async () => {
    expect(await send(`{"command":["${'x'.repeat(10 * 1024 * 1024)}"]}`)).toMatchObject({ status: 413 })
    expect((await server.api.call('getInfo')).status).toBe(200)
  })

  test('none of it was a fault of the server', () => {
    expect(server.errors).not.toMatch(/"level":50/)
  })
})

/** A file system of its own, as small as wanted. Needs root. */
function smallDisk(bytes: number): string {
  const directory = mkdtempSync(join(tmpdir(), 'taskport-small-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=755`, 'tmpfs', directory])
  return directory
}

describe.runIf(process.getuid?.() === 0)('a full disk', () => {
  const MIB = 1024 * 1024
  let disk: string
  let server: ServerProcess
  const executions = new Executions(() => server.api)
  beforeAll(async () => {
    disk = smallDisk(160 * MIB)
    server = await ServerProcess.start({ flags: ['--sandbox', 'off'], dataDirectory: disk })
  })
  afterAll(async () => {
    await server.end()
    execFileSync('umount', [disk])
    rmSync(disk, { recursive: true, force: true })
  })

  test('refuses what is new with 507 and why, fails no running task, loses no exit, and goes on when there is room', async () => {
    const go = join(tmpdir(), `taskport-go-${process.pid}`)
    const script = `until [ -e ${go} ]; do sleep 0.01; done; seq 1 20000; exit 7`
    const ids = await Promise.all(Array.from({ length: 10 }, () => executions.submit({ command: shell(script) })))
    for (const id of ids) await executions.untilState(id, 'running')
    const filler = join(disk, 'filler')
    fill(filler, disk)
    const accepted: string[] = []
    await eventually('a submission is refused', async () => {
      const { status, body, text } = await tolerant(server, { command: ['/bin/true'] })
      if (status < 300) accepted.push(body.id)
      else expect(text).toMatch(/disk|space|room/i)
      return status === 507
    })
    writeFileSync(go, '')
    expect((await server.api.call('getExecution', { params: { id: ids[0]! } })).status).toBe(200)
    await eventually('the programs have ended', () => alive(ids) === 0)
    rmSync(filler)
    for (const id of ids) expect(await executions.final(id)).toMatchObject({ state: 'failed', exitCode: 7 })
    for (const id of accepted) expect(await executions.final(id)).toMatchObject({ state: 'succeeded' })
    expect((await executions.run({ command: ['/bin/true'] })).state).toBe('succeeded')
    for (const id of ids) {
      const { body } = await server.api.call('getLog', { params: { id }, query: { last: 3 } })
      const said = body.lines.map((line: { text: string; source: string }) => `${line.source} ${line.text}`)
      // Whole, or a word of the system that lines were dropped for want of room.
      expect(
        said.some((line: string) => line === 'stdout 20000' || /^system .*dropped/.test(line)),
        said,
      ).toBe(true)
    }
    rmSync(go, { force: true })
  })

  test('does not keep the server from ending, nor programs from ending with it', async () => {
    const id = await executions.submit({ command: ['/bin/sleep', '600'] })
    await executions.untilState(id, 'running')
    const pid = Number((await executions.get(id)).steps[0]!.attempts[0]!.handle)
    fill(join(disk, 'filler'), disk)
    await server.stop('SIGQUIT')
    expect(() => process.kill(pid, 0)).toThrow('ESRCH')
    rmSync(join(disk, 'filler'))
    await server.start()
    // The wish to stop it could not be recorded; its true exit could.
    expect((await executions.final(id)).steps[0]!.attempts[0]!.exit).toMatchObject({ signal: 'SIGKILL' })
  })
})

const alive = (ids: readonly string[]): number =>
  processesWith('TASKPORT_EXECUTION').filter(({ value }) => ids.includes(value)).length

/** Takes every byte that is left. */
function fill(path: string, disk: string): void {
  for (let left = 1; left > 0; ) {
    const { bavail, bsize } = statfsSync(disk)
    left = bavail * bsize
    try {
      if (left > 0) writeFileSync(path, Buffer.alloc(Math.min(left, 1 << 20)), { flag: 'a' })
    } catch {
      return
    }
  }
}

/** A submission that may be refused because the disk is full. */
async function tolerant(
  server: ServerProcess,
  body: object,
): Promise<{ status: number; body: { id: string }; text: string }> {
  const answer = await server.api.open('submitExecution', { body: body as never })
  const text = await answer.text()
  return { status: answer.status, body: JSON.parse(text), text }
}
