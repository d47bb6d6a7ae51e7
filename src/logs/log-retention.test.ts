import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { attemptNamed, inDirectory, NOW, readAll, TENANT, textOf } from './log-fixture.ts'
import { SegmentLogStore } from './segment-log-store.ts'
import { SegmentWriter } from './segment-writer.ts'

const HOUR = 3_600_000_000
const names = (directory: string): string[] =>
  readdirSync(directory)
    .filter((file) => file.endsWith('.seg'))
    .sort()
const bytesIn = (directory: string): number =>
  names(directory).reduce((sum, file) => sum + statSync(join(directory, file)).size, 0)

/** 100 attempts of one line each hour for ten hours, a long one through all of them, segments of some KB. */
async function tenHours(directory: string, writer: SegmentWriter, store: SegmentLogStore): Promise<string[]> {
  const extents: string[] = []
  await store.note(TENANT, attemptNamed('long'), 'first note')
  for (let hour = 0; hour < 10; hour++) {
    for (let one = 0; one < 100; one++) {
      const id = attemptNamed(`h${hour}-${one}`)
      writer.write(TENANT, id, 'stdout', Buffer.from(`secret-${hour}-${one}\n`), NOW + hour * HOUR)
      extents.push(writer.end(TENANT, id))
    }
    writer.write(TENANT, attemptNamed('long'), 'stdout', Buffer.from(`hour ${hour}\n`), NOW + hour * HOUR)
    store.noticed(writer.flush()!)
  }
  extents.push(writer.end(TENANT, attemptNamed('long')))
  store.noticed(writer.close(NOW + 10 * HOUR)!)
  expect(names(directory).length).toBeGreaterThan(5)
  return extents
}

const opened = (directory: string, limits: { maxAgeMs?: number; maxBytes?: number } = {}, now = NOW) =>
  SegmentLogStore.open({ directory, now: () => now, segmentBytes: 8_000, ...limits })
const writerIn = (directory: string): SegmentWriter =>
  new SegmentWriter({ directory, writerId: 'cell-1', segmentBytes: 8_000 })

it('age removes whole segments; the rest keeps its numbers, what is gone is a gap, also after a restart', async () => {
  await inDirectory(async (directory) => {
    let store = await opened(directory, { maxAgeMs: 3_600_000 * 5 })
    const extents = await tenHours(directory, writerIn(directory), store)
    const before = await readAll(store, attemptNamed('long'))
    expect(before.lines.map((line) => line.seq)).toEqual(Array.from({ length: 11 }, (_, seq) => seq))
    const swept = await store.sweep(NOW + 10 * HOUR)
    expect(swept.segments).toBeGreaterThan(2)
    for (const restart of [false, true, true]) {
      if (restart) {
        await store.close()
        store = await opened(directory, { maxAgeMs: 3_600_000 * 5 })
        await store.sweep(NOW + 10 * HOUR)
      }
      const after = await readAll(store, attemptNamed('long'), { extent: extents.at(-1)! })
      expect(after.gap).toBe(true)
      expect(after.end).toBe(true)
      const kept = before.lines.filter((line) => after.lines.some((one) => one.seq === line.seq))
      expect(after.lines).toEqual(kept)
      expect(after.lines.map(textOf)).toContain('first note')
      expect(after.lines.map(textOf)).toContain('hour 9')
      expect(after.lines.map(textOf)).not.toContain('hour 1')
      const gone = await store.read(TENANT, attemptNamed('h0-0'), undefined, 10, extents[0])
      expect(gone).toMatchObject({ lines: [], gap: true, end: true, next: 1 })
    }
    await store.close()
  })
})

it('size removes the oldest segments first, until the rest fits', async () => {
  await inDirectory(async (directory) => {
    const store = await opened(directory, { maxBytes: 40_000 })
    await tenHours(directory, writerIn(directory), store)
    const before = bytesIn(directory)
    const swept = await store.sweep(NOW)
    expect(before - bytesIn(directory)).toBe(swept.bytes)
    expect(bytesIn(directory)).toBeLessThanOrEqual(40_000)
    expect((await readAll(store, attemptNamed('h9-99'))).lines.map(textOf)).toEqual(['secret-9-99'])
    await store.close()
  })
})

it('forgotten attempts leave the disk when a segment is two thirds dead; the others stay as they were', async () => {
  await inDirectory(async (directory) => {
    let store = await opened(directory)
    const extents = await tenHours(directory, writerIn(directory), store)
    const index = (hour: number, one: number): number => hour * 100 + one
    const keeps = (one: number): boolean => one % 10 === 0
    const middle = store.read(TENANT, attemptNamed('h3-10'), undefined, 10, extents[index(3, 10)])
    for (let hour = 0; hour < 10; hour++) {
      const forgotten = Array.from({ length: 100 }, (_, one) => one).filter((one) => !keeps(one))
      await store.forget(
        TENANT,
        forgotten.map((one) => attemptNamed(`h${hour}-${one}`)),
      )
    }
    const swept = await store.sweep(NOW)
    expect(swept.bytes).toBeGreaterThan(0)
    expect((await middle).lines.map(textOf)).toEqual(['secret-3-10'])
    const bytes = names(directory)
      .map((file) => readFileSync(join(directory, file), 'latin1'))
      .join('')
    expect(bytes).not.toContain('secret-3-11')
    for (const restart of [false, true]) {
      if (restart) {
        await store.close()
        store = await opened(directory)
        await store.sweep(NOW)
      }
      for (const one of [0, 5, 10, 99]) {
        const extent = extents[index(4, one)]!
        const log = await readAll(store, attemptNamed(`h4-${one}`), { extent })
        expect(log.lines.map(textOf)).toEqual(keeps(one) ? [`secret-4-${one}`] : [])
        expect(log.gap).toBe(!keeps(one))
      }
      expect((await readAll(store, attemptNamed('long'))).lines.length).toBe(11)
    }
    await store.close()
  })
})

it('a follower in a segment that is written again or removed goes on; what it missed is a jump in the numbers', async () => {
  await inDirectory(async (directory) => {
    const store = await opened(directory, { maxAgeMs: 3_600_000 * 5 })
    const extents = await tenHours(directory, writerIn(directory), store)
    const lines = store.follow(TENANT, attemptNamed('long'), undefined, AbortSignal.timeout(20_000), extents.at(-1))
    const seqs: number[] = []
    for await (const batch of lines) {
      seqs.push(...batch.map((line) => line.seq))
      await store.sweep(NOW + 10 * HOUR)
    }
    expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b))
    expect(seqs.at(-1)).toBe(10)
    await store.close()
  })
})

it('opens a hundred sealed segments without reading them', async () => {
  await inDirectory(async (directory) => {
    const writer = new SegmentWriter({ directory, writerId: 'cell-1', segmentBytes: 200_000, ownAfterBytes: 0 })
    const text = Buffer.from(`${'x'.repeat(84)}\n`.repeat(700))
    for (let round = 0; round < 350; round++) writer.write(TENANT, attemptNamed('a'), 'stdout', text, NOW + round)
    const extent = writer.end(TENANT, attemptNamed('a'))
    writer.close(NOW)
    await (await opened(directory)).close()
    expect(names(directory).length).toBeGreaterThan(80)
    const started = performance.now()
    const store = await opened(directory)
    const tail = await store.read(TENANT, attemptNamed('a'), { last: 3 }, 10, extent)
    expect(performance.now() - started).toBeLessThan(500)
    expect(tail.lines.map((line) => line.seq)).toEqual([244_997, 244_998, 244_999])
    const middle = await store.read(TENANT, attemptNamed('a'), { since: NOW + 200 }, 1, extent)
    expect(middle.lines[0]?.seq).toBe(140_000)
    await store.close()
  })
})
