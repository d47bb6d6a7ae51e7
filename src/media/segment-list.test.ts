import fc from 'fast-check'
import { expect, test } from 'vitest'
import { countInPlace, isEnded, joinedRuns, mediaPlaylist, type Segment, segmentsIn } from './segment-list.ts'

const segment = (n: number): Segment => ({ seconds: 2, file: `${n}.ts` })

test('runs that each begin where not all was finished give every segment once, in order', () => {
  // Each run begins at or before the end of what is there, and gets on by some segments.
  const steps = fc.array(fc.record({ back: fc.nat(3), made: fc.integer({ min: 1, max: 4 }) }), { maxLength: 8 })
  fc.assert(
    fc.property(steps, (all) => {
      const runs = new Map<number, readonly Segment[]>()
      let end = 0
      for (const { back, made } of all) {
        const first = Math.max(0, end - back)
        for (const known of [...runs.keys()]) if (known >= first) runs.delete(known)
        runs.set(
          first,
          Array.from({ length: made }, (_, i) => segment(first + i)),
        )
        end = joinedRuns(runs).length
      }
      expect(joinedRuns(runs).map(({ file }) => file)).toEqual(Array.from({ length: end }, (_, i) => `${i}.ts`))
    }),
  )
})

test('a playlist is read as it was written, fragments begin with their head', () => {
  const segments = [
    { seconds: 10, file: '0.m4s' },
    { seconds: 2.5, file: '1.m4s' },
  ]
  const text = mediaPlaylist(segments, 'init.mp4')
  expect(segmentsIn(text)).toEqual(segments)
  expect(text).toContain('#EXT-X-TARGETDURATION:10\n')
  expect(text).toContain('#EXT-X-MAP:URI="init.mp4"\n')
  expect(text.endsWith('1.m4s\n#EXT-X-ENDLIST\n')).toBe(true)
})

test('segments count as long as each lies where time divided evenly has it, whatever frames make of their lengths', () => {
  const lengths = (...all: readonly number[]) => all.map((seconds, n) => ({ ...segment(n), seconds }))
  expect(countInPlace([], 2)).toBe(0)
  expect(countInPlace(lengths(2.002, 2.002, 1.969, 2.002), 2)).toBe(4)
  // A picture that stands still for seven seconds: what follows lies three segments further than it is counted.
  expect(countInPlace(lengths(2, 7, 2, 2), 2)).toBe(1)
})

test('a run has ended once its playlist says so', () => {
  const whole = mediaPlaylist([segment(0)])
  expect([isEnded(whole), isEnded(whole.replace('#EXT-X-ENDLIST\n', ''))]).toEqual([true, false])
})
