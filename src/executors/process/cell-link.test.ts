import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { eventually } from '../../../test/support/taskport-process.ts'
import { CellLink } from './cell-link.ts'
import { encodeFrame, FrameReader } from './frames.ts'
import { PROTOCOL_VERSION, type ToCell } from './protocol.ts'

const directory = mkdtempSync(join(tmpdir(), 'taskport-link-'))
const heard: ToCell[] = []
let socket: Socket | undefined

/** A cell that only listens. */
const cell = createServer((connection) => {
  socket = connection
  const reader = new FrameReader()
  connection.on('error', () => undefined)
  connection.on('data', (piece: Buffer) => {
    for (const message of reader.feed(piece).flat() as ToCell[]) {
      heard.push(message)
      if (message.do !== 'hello') continue
      const hello = {
        say: 'hello',
        protocol: PROTOCOL_VERSION,
        cell: 'c',
        boot: '',
        pid: 1,
        running: [],
        tombstones: [],
      }
      connection.write(encodeFrame([hello]))
    }
  })
})

afterEach(() => {
  cell.close()
  rmSync(directory, { recursive: true, force: true })
})

test('what was said while the connection was down is said when it is back, but no start: that is somebody else’s by now', async () => {
  await new Promise<void>((listening) => cell.listen(join(directory, 'socket'), listening))
  let gone = 0
  const link = new CellLink('c', directory, {
    hello: () => undefined,
    taken: () => undefined,
    seen: () => undefined,
    log: () => undefined,
    gone: () => void gone++,
  })
  expect(await link.open()).toBe(true)
  socket!.destroy()
  await eventually('the link is down', () => gone === 1)
  link.send({ do: 'start', attempt: 'a', work: {} as never })
  link.send({ do: 'stop', call: 1, attempt: 'b', how: { signal: 'SIGTERM', graceMs: 1 } })
  await new Promise((resume) => setImmediate(resume))
  heard.length = 0
  expect(await link.open()).toBe(true)
  link.send({ do: 'ack', receipts: [7] })
  await eventually('it heard all', () => heard.length >= 3)
  expect(heard.map((message) => message.do)).toEqual(['hello', 'stop', 'ack'])
  link.drop()
})
