import fc from 'fast-check'
import { expect, test } from 'vitest'
import { serverSentEvents } from './server-sent-events.ts'

async function parsed(chunks: readonly Uint8Array[]) {
  const events = []
  for await (const event of serverSentEvents(streamOf(chunks))) events.push(event)
  return events
}

async function* streamOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}

const TEXT = ': hello\n\nid: 1\nevent: line\ndata: ä €\ndata: second\n\r\ndata:x\r\n\r\nid: 3\n\nevent: cut\ndata: off'
const EVENTS = [
  { id: '1', event: 'line', data: 'ä €\nsecond' },
  { event: 'message', data: 'x' },
]

test('events are the same however the stream is cut into pieces', async () => {
  const bytes = Buffer.from(TEXT)
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.nat({ max: bytes.length }), { maxLength: 12 }), async (cuts) => {
      const edges = [0, ...cuts.sort((a, b) => a - b), bytes.length]
      const chunks = edges.slice(1).map((end, i) => bytes.subarray(edges[i], end))
      expect(await parsed(chunks)).toEqual(EVENTS)
    }),
  )
})
