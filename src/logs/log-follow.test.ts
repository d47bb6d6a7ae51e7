import { expect, it } from 'vitest'
import type { LogLine } from '../core/ports/log-store.ts'
import { attemptNamed, inDirectory, NOW, TENANT, textOf } from './log-fixture.ts'
import { SegmentLogStore } from './segment-log-store.ts'
import { SegmentWriter } from './segment-writer.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

async function followed(store: SegmentLogStore, seq: number, signal: AbortSignal): Promise<LogLine[]> {
  const lines: LogLine[] = []
  for await (const batch of store.follow(TENANT, attemptNamed('a'), { seq }, signal)) lines.push(...batch)
  return lines
}

it('a thousand followers that join at any time from any line each get every line once, in order', async () => {
  await inDirectory(async (directory) => {
    const store = await SegmentLogStore.open({ directory, now: () => NOW })
    const writer = new SegmentWriter({ directory, writerId: 'cell-1', segmentBytes: 20_000, ownAfterBytes: 5_000 })
    const signal = AbortSignal.timeout(60_000)
    const follows: { readonly seq: number; readonly lines: Promise<LogLine[]> }[] = []
    const expected: string[] = []
    let written = 0
    for (let round = 0; round < 100; round++) {
      for (let one = 0; one < 10; one++) {
        const seq = (round * 31 + one * 97) % (expected.length + 5)
        follows.push({ seq, lines: followed(store, seq, signal) })
      }
      const count = 1 + (round % 50)
      const lines = Array.from({ length: count }, () => `line ${written++}`)
      writer.write(TENANT, attemptNamed('a'), 'stdout', Buffer.from(`${lines.join('\n')}\n`), NOW + round)
      writer.write(TENANT, attemptNamed(`b${round}`), 'stdout', Buffer.from('another\n'), NOW + round)
      store.noticed(writer.flush()!)
      expected.push(...lines)
      if (round % 7 === 0) {
        await store.note(TENANT, attemptNamed('a'), `note ${round}`)
        expected.push(`note ${round}`)
      }
      if (round % 3 === 0) await turn()
    }
    writer.end(TENANT, attemptNamed('a'))
    store.noticed(writer.flush()!)
    for (const { seq, lines } of follows) {
      const got = await lines
      expect(got[0]?.seq).toBe(seq)
      expect(got.map(textOf)).toEqual(expected.slice(seq))
      expect(got.every((line, index) => line.seq === seq + index)).toBe(true)
    }
    await store.close()
  })
}, 60_000)

it('a follower ends with the extent even when the last notice never came', async () => {
  await inDirectory(async (directory) => {
    const store = await SegmentLogStore.open({ directory, now: () => NOW })
    const writer = new SegmentWriter({ directory, writerId: 'cell-1' })
    const lines = followed(store, 0, AbortSignal.timeout(20_000))
    await turn()
    writer.write(TENANT, attemptNamed('a'), 'stdout', Buffer.from('one\ntwo'), NOW)
    const extent = writer.end(TENANT, attemptNamed('a'))
    writer.flush()
    store.ended(TENANT, attemptNamed('a'), extent)
    expect((await lines).map(textOf)).toEqual(['one', 'two'])
    await store.close()
  })
})
