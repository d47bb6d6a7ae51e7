/** Profiles are honoured: what ffmpeg makes of them is measured, on noise, which takes all bits that it is given. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeArguments } from './encode-arguments.ts'
import type { MediaFacts } from './media-facts.ts'
import type { Profile } from './profile.ts'
import { probeInput } from './run-ffmpeg.ts'

const SECONDS = 6
const directory = mkdtempSync(join(tmpdir(), 'taskport-profiles-'))
const source = join(directory, 'video')
let facts: MediaFacts
beforeAll(async () => {
  const noise = `testsrc2=size=320x240:rate=30:duration=${SECONDS},noise=alls=30:allf=t`
  const coded = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-f', 'mp4', source]
  execFileSync('ffmpeg', ['-loglevel', 'error', '-f', 'lavfi', '-i', noise, ...coded])
  facts = (await probeInput('ffprobe', source, []))!
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const box = { width: 320, height: 240, bitrate: 300_000 }
const PROFILES: readonly (Profile & { readonly expected: object })[] = [
  { ...box, name: 'plain', expected: { codec_name: 'h264', avg_frame_rate: '30/1', keys: [0, 3] } },
  {
    ...box,
    ...{ name: 'film', fps: 24_000, fpsDen: 1_001, gop: '1', profile: 'H264Baseline' },
    expected: { profile: 'Constrained Baseline', avg_frame_rate: '24000/1001', keys: [0, 1, 2, 3, 4, 5] },
  },
  { ...box, name: 'hevc', encoder: 'HEVC', gop: '1.5', expected: { codec_name: 'hevc', keys: [0, 1.5, 3, 4.5] } },
  { ...box, name: 'vp9', encoder: 'VP9', fps: 15, expected: { codec_name: 'vp9', keys: [0, 3] } },
  { ...box, name: 'small', width: 160, height: 5_000, expected: { width: 160, height: 120 } },
  { ...box, name: 'larger', width: 640, height: 480, expected: { width: 320, height: 240 } },
]

const made = (profiles: readonly Profile[]): void => {
  for (const profile of profiles) mkdirSync(directoryOf(profile))
  const request = { source, facts, profiles, directoryOf, playlist: 'list.m3u8', segmentSeconds: 3, first: 0 }
  execFileSync('ffmpeg', ['-loglevel', 'error', ...encodeArguments(request)], { stdio: ['ignore', 'pipe', 'pipe'] })
}
const directoryOf = ({ name }: Profile): string => join(directory, name)

test('the least and the most bitrate that may be asked for can be encoded', () => {
  const encoders = ['H.264', 'HEVC', 'VP9', 'VP8'] as const
  const small = { width: 128, height: 128 }
  for (const bitrate of [400, Number.MAX_SAFE_INTEGER])
    made(encoders.map((encoder) => ({ ...small, name: `${encoder}-${bitrate}`, bitrate, encoder })))
})

test('bitrate, rate, key frames, encoder, profile and size are what was asked for', () => {
  made(PROFILES)
  for (const profile of PROFILES) {
    const { keys, ...stream } = profile.expected as { readonly keys?: readonly number[] }
    const path = directoryOf(profile)
    const seen = probed(join(path, 'list.m3u8'))
    expect(seen.stream, profile.name).toMatchObject(stream)
    if (keys)
      expect(
        seen.keys.map((at) => Math.round(at * 2) / 2),
        profile.name,
      ).toEqual(keys)
    const segments = readdirSync(path).filter((name) => /\.(ts|m4s)$/.test(name))
    const bytes = segments.reduce((sum, name) => sum + statSync(join(path, name)).size, 0)
    const rate = (bytes * 8) / SECONDS / profile.bitrate
    // A few seconds are too short for more, and MPEG-TS takes its share.
    expect(rate, profile.name).toBeGreaterThan(0.7)
    expect(rate, profile.name).toBeLessThan(1.4)
  }
})

function probed(path: string): { readonly stream: object; readonly keys: readonly number[] } {
  const open = ['-protocol_whitelist', 'file', '-allowed_extensions', 'ALL', '-select_streams', 'v:0']
  const argv = ['-loglevel', 'error', ...open, '-show_streams', '-show_packets', '-of', 'json', path]
  const { streams, packets } = JSON.parse(String(execFileSync('ffprobe', argv))) as {
    readonly streams: readonly object[]
    readonly packets: readonly { readonly pts_time: string; readonly flags: string }[]
  }
  const times = packets.map((packet) => Number(packet.pts_time))
  const keys = packets.filter(({ flags }) => flags.includes('K')).map((packet) => Number(packet.pts_time))
  return { stream: streams[0]!, keys: keys.map((at) => at - Math.min(...times)) }
}
