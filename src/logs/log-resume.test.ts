import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { LogSource } from '../core/ports/log-store.ts'
import { frameKeyOf } from './frame.ts'
import { attemptNamed, inDirectory, NOW, readAll, TENANT, textOf } from './log-fixture.ts'
import { SegmentLogStore } from './segment-log-store.ts'
import { SegmentSet } from './segment-set.ts'
import { SegmentWriter } from './segment-writer.ts'

const piece = fc.record({
  source: fc.constantFrom<LogSource>('stdout', 'stderr'),
  text: fc.string({ unit: fc.constantFrom('a', 'b', '\n'), maxLength: 40 }),
})
const ATTEMPT = attemptNamed('resumed')
/** Small files and lines, so that a resumed log lies in several files and has split lines. */
const SMALL = { segmentBytes: 4_096, ownAfterBytes: 1_024, maxLineBytes: 16, limits: { linesPerSecond: 50 } }

it('a log whose writer died twice reads as if it never had: no line lost, repeated or numbered anew', () =>
  fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 60 }), fc.nat(60), fc.nat(60), async (pieces, first, second) => {
      const whole = await inDirectory((directory) => logged(directory, pieces, []))
      const broken = await inDirectory((directory) => logged(directory, pieces, [first, second]))
      expect(broken).toEqual(whole)
    }),
    { numRuns: 60 },
  ))

/** Writes all pieces by one writer after the other; each of `deaths` pieces in one dies, having flushed half. */
async function logged(
  directory: string,
  pieces: readonly { readonly source: LogSource; readonly text: string }[],
  deaths: readonly number[],
): Promise<unknown> {
  let store = await SegmentLogStore.open({ directory, now: () => NOW })
  for (const [number, death] of deaths.entries()) {
    const writer = resumed(directory, store, `writer-${number}`)
    for (const [index, { source, text }] of pieces.slice(0, death).entries()) {
      writer.write(TENANT, ATTEMPT, source, Buffer.from(text), NOW + index * 10_000)
      if (index * 2 < death) writer.flush()
    }
    await store.close()
    store = await SegmentLogStore.open({ directory, now: () => NOW })
    await store.writerEnded(`writer-${number}`)
  }
  const writer = resumed(directory, store, 'writer-last')
  for (const [index, { source, text }] of pieces.entries())
    writer.write(TENANT, ATTEMPT, source, Buffer.from(text), NOW + index * 10_000)
  const extent = writer.end(TENANT, ATTEMPT)
  const notice = writer.close(NOW)
  if (notice) store.noticed(notice)
  const { lines, end, gap } = await readAll(store, ATTEMPT, { extent })
  await store.close()
  const stored = await linesStored(directory)
  return {
    end,
    gap,
    stored,
    lines: lines.map((line) => [line.seq, line.at, line.source, textOf(line), line.split, line.partial]),
  }
}

/** Lines of the attempt in all files together: a repetition would cost room although no reader saw it. */
async function linesStored(directory: string): Promise<number> {
  const segments = new SegmentSet(directory)
  await segments.load()
  const key = frameKeyOf(TENANT, ATTEMPT)
  const frames = segments.holding(key).flatMap((segment) => [...segment.framesNow(key)])
  segments.handles.close()
  return frames.reduce((sum, frame) => sum + frame.lines, 0)
}

function resumed(directory: string, store: SegmentLogStore, writerId: string): SegmentWriter {
  const writer = new SegmentWriter({ directory, writerId, ...SMALL })
  const stored = store.stored(TENANT, ATTEMPT)
  if (stored !== undefined) writer.resume(TENANT, ATTEMPT, stored)
  return writer
}
