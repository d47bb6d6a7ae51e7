import fc from 'fast-check'
import { expect, it } from 'vitest'
import { countNewlines } from './count-newlines.ts'

it('counts every newline, wherever it lies and however long the bytes are', () => {
  const sizes = fc.oneof(fc.nat(40), fc.integer({ min: 1_000, max: 5_000 }), fc.integer({ min: 262_100, max: 262_200 }))
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 90 }), fc.nat(20), (bytes, every, offset) => {
      const whole = Buffer.alloc(bytes + offset, 10)
      const view = whole.subarray(offset).fill(120)
      let expected = 0
      for (let at = bytes % every; at < bytes; at += every) {
        view[at] = 10
        expected++
      }
      expect(countNewlines(view)).toBe(expected)
    }),
  )
})
