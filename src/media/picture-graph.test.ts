/** With real ffmpeg: whichever picture another is made from, what comes out is as if it were made from the source. */
import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { pictureGraph } from './picture-graph.ts'
import type { Profile } from './profile.ts'

const profile = (width: number, height: number, more: Partial<Profile> = {}): Profile => ({
  ...{ name: `${width}x${height}-${more.fps ?? 0}`, width, height, bitrate: 100_000 },
  ...more,
})

const made = (source: { readonly width: number; readonly height: number }, pictures: readonly Profile[]) => {
  const input = `testsrc=size=${source.width}x${source.height}:rate=30:duration=0.4`
  const graph = pictureGraph({ source, pictures, thumbnails: 'scale=64:36' })
  const maps = [...pictures.map(({ name }) => name), 'thumbnails'].flatMap((name) => ['-map', `[${name}]`])
  const given = ['-v', 'error', '-f', 'lavfi', '-i', input, '-filter_complex', graph, ...maps, '-fps_mode', 'vfr']
  const text = String(execFileSync('ffmpeg', [...given, '-f', 'framemd5', '-']))
  const frames = (track: number) => text.split('\n').filter((line) => line.startsWith(`${track}, `)).length
  return [...text.matchAll(/^#dimensions (\d+): (.*)$/gm)].map(([, n, size]) => `${size} ${frames(Number(n))}`)
}

const SOURCES = [
  { width: 1920, height: 1080 },
  { width: 1080, height: 1920 },
  { width: 1279, height: 719 },
  { width: 853, height: 480 },
  { width: 401, height: 899 },
]

const PICTURES = [
  profile(640, 360),
  profile(1280, 720),
  profile(160, 90, { fps: 10 }),
  profile(320, 180, { fps: 15 }),
  profile(80, 45, { fps: 15 }),
  profile(333, 777),
  profile(3840, 2160),
]

test('sizes and frames are those of each picture made alone', () => {
  for (const source of SOURCES) {
    const alone = PICTURES.map((picture) => made(source, [picture])[0])
    expect(made(source, PICTURES).slice(0, -1), JSON.stringify(source)).toEqual(alone)
  }
})

test('a small picture is made from the nearest larger one, unless that is timed otherwise', () => {
  const source = { width: 1920, height: 1080 }
  const graph = (pictures: readonly Profile[]) => pictureGraph({ source, pictures })
  const large = profile(1280, 720)
  expect(graph([profile(640, 360), large])).toContain('split=2[1280x720-0][for:640x360-0]')
  expect(graph([profile(640, 360), { ...large, fps: 10 }])).toContain('split=2[for:640x360-0][for:1280x720-0]')
  expect(graph([profile(1000, 562), large])).toContain('split=2[for:1000x562-0][for:1280x720-0]')
})
