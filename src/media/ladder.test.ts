import fc from 'fast-check'
import { expect, test } from 'vitest'
import { defaultLadder, profilesFor } from './ladder.ts'

const shown = (width: number, height: number, bitrate: number): readonly string[] =>
  defaultLadder({ width, height, bitrate }).map((p) => `${p.name} ${p.width}x${p.height} ${p.bitrate}`)

test.each([
  [1920, 1080, 5_000_000, ['360p0 640x360 666666', '720p0 1280x720 2666666', '1080p0 1920x1080 6000000']],
  [640, 360, 1_000_001, ['low-bitrate 640x360 500000', '360p0 640x360 1200001']],
  [320, 180, 60_000, ['low-bitrate 320x180 30000', '180p0 320x180 72000']],
  [320, 181, 150_000, ['low-bitrate 320x181 100000', '182p0 320x181 180000']],
])('%i×%i at %i bit/s gets the published ladder', (width, height, bitrate, expected) => {
  expect(shown(width, height, bitrate)).toEqual(expected)
})

test('no rendition of any ladder is larger than its source, and every name is a plain and different one', () => {
  const side = fc.integer({ min: 2, max: 8_192 })
  fc.assert(
    fc.property(side, side, fc.integer({ min: 5_000, max: 200_000_000 }), (width, height, bitrate) => {
      const ladder = defaultLadder({ width, height, bitrate })
      expect(ladder.every((p) => p.height <= height && p.bitrate <= bitrate * 1.2)).toBe(true)
      expect(new Set(ladder.map((p) => p.name)).size).toBe(ladder.length)
    }),
  )
})

test('a profile of a bitrate alone keeps the size, one side follows from the other, and names cannot leave their directory', () => {
  const source = { width: 1920, height: 1080, bitrate: 5_000_000 }
  const wanted = [
    { bitrate: 400_000 },
    { bitrate: 400_000, height: 540, name: '../../etc' },
    { bitrate: 400_000, width: 960, name: 'source' },
    { bitrate: 400_000, width: 960, height: 540, name: 'source' },
    { bitrate: 400_000, width: 960, height: 540, name: 'fmp4' },
  ]
  expect(profilesFor(wanted, source)).toMatchObject([
    { name: '1080p0', width: 1920, height: 1080 },
    { name: '_etc', width: 960, height: 540 },
    { name: 'p_source', width: 960, height: 540 },
    { name: 'p_source-2', width: 960, height: 540 },
    { name: 'p_fmp4', width: 960, height: 540 },
  ])
})
