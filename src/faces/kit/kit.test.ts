import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fingerprintOf, idempotencyOf } from './idempotency.ts'
import { Links } from './links.ts'
import { decodeCursor, encodeCursor } from './paging.ts'
import { RateLimit } from './rate-limit.ts'

describe('a rate limit', () => {
  test('over any stretch of time grants at most burst + rate × time, and never starves who waits as told', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 200 })
    fc.assert(
      fc.property(gaps, fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 20 }), (waits, perSecond, burst) => {
        let now = 0
        const limit = new RateLimit({ perSecond, burst, now: () => now })
        let granted = 0
        for (const wait of waits) {
          now += wait
          if (limit.take('k') === 0) granted++
          expect(granted).toBeLessThanOrEqual(burst + (now / 1_000) * perSecond + 1e-6)
        }
        now += limit.take('k')
        expect(limit.take('other')).toBe(0)
      }),
    )
  })

  test('waiting as long as told is enough', () => {
    let now = 0
    const limit = new RateLimit({ perSecond: 3, burst: 1, now: () => now })
    expect(limit.take('k')).toBe(0)
    for (let i = 0; i < 20; i++) {
      const wait = limit.take('k')
      expect(wait).toBeGreaterThan(0)
      now += wait
      expect(limit.take('k')).toBe(0)
    }
  })

  test('keys share nothing, and no more of them are held than allowed', () => {
    const limit = new RateLimit({ perSecond: 1, burst: 1, keys: 2, now: () => 0 })
    expect([limit.take('a'), limit.take('b'), limit.take('a')]).toEqual([0, 0, 1_000])
    limit.take('c')
    expect(limit.take('b')).toBe(0)
  })
})

describe('links', () => {
  const listening = () => 'http://127.0.0.1:7400'
  test('follow the request’s Host where it is ours, never a stranger’s', () => {
    const links = new Links({ listening, hosts: ['tasks.example'] })
    expect(links.base('localhost:7400')).toBe('http://localhost:7400')
    expect(links.base('127.0.0.1:7400')).toBe('http://127.0.0.1:7400')
    expect(links.base('tasks.example')).toBe('http://tasks.example')
    for (const host of [
      'evil.example',
      'localhost:1',
      'evil.example:7400',
      'localhost:7400@evil',
      'a b',
      '',
      undefined,
    ])
      expect(links.base(host)).toBe('http://127.0.0.1:7400')
  })
  test('are the public URL’s where there is one', () => {
    const links = new Links({ publicUrl: 'https://tasks.example/', listening })
    expect(links.base('localhost:7400')).toBe('https://tasks.example')
  })
})

describe('cursors and fingerprints', () => {
  test('a cursor gives back its position to its own list only', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string({ unit: 'grapheme' }), (list, other, position) => {
        const cursor = encodeCursor(list, position)
        expect(decodeCursor(list, cursor)).toBe(position.toWellFormed())
        if (other !== list) expect(decodeCursor(other, cursor)).toBeUndefined()
        expect(cursor).toMatch(/^[\w-]+$/)
      }),
    )
  })

  test('equal parameters have equal fingerprints, whatever their order; others do not', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), (map, other) => {
        const turned = Object.fromEntries(Object.entries(map).toReversed())
        expect(fingerprintOf(turned)).toBe(fingerprintOf(map))
        const same = JSON.stringify(sorted(map)) === JSON.stringify(sorted(other))
        expect(fingerprintOf(other) === fingerprintOf(map)).toBe(same)
      }),
    )
    expect(idempotencyOf(undefined, {})).toEqual({})
  })
})

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value)
    .map(([key, member]) => [key, sorted(member)])
    .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))
    .concat([['object', true]])
}
