/** The programs themselves, with real ffmpeg and without a server: killed in the middle and run again, and what they make. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { eventually } from '../../test/support/taskport-process.ts'
import { type MediaFacts, mediaFactsOf } from './media-facts.ts'
import { MEDIA_PROGRAMS, type MediaProgram } from './media-programs.ts'

const LONG_MS = 60_000
const directories: string[] = []
afterEach(() => {
  for (const path of directories.splice(0)) rmSync(path, { recursive: true, force: true })
})

function place(): string {
  const path = mkdtempSync(join(tmpdir(), 'taskport-programs-'))
  directories.push(path)
  return path
}

const run = (program: MediaProgram, job: object): ChildProcess =>
  spawn(process.execPath, [fileURLToPath(MEDIA_PROGRAMS[program]), JSON.stringify(job)], {
    detached: true,
    stdio: 'pipe',
  })

function finished(child: ChildProcess): Promise<string> {
  let log = ''
  child.stderr?.on('data', (part: Buffer) => {
    log += String(part)
  })
  return new Promise((resolve) => child.on('close', (code, signal) => resolve(`${signal ?? code} ${log}`.trim())))
}

function source(directory: string, ...given: readonly string[]): MediaFacts {
  const path = join(directory, 'video')
  execFileSync('ffmpeg', ['-loglevel', 'error', ...given, path])
  const text = execFileSync('ffprobe', ['-loglevel', 'error', '-show_format', '-show_streams', '-of', 'json', path])
  return mediaFactsOf(JSON.parse(String(text)))!
}

const frames = (address: string): number =>
  Number(
    /^frame=\s*(\d+)/m.exec(
      String(
        execFileSync('ffmpeg', [
          ...['-v', 'error', '-xerror', '-i', address, '-map', '0:v:0', '-fps_mode', 'passthrough', '-f', 'null'],
          ...['-progress', 'pipe:1', '-'],
        ]),
      )
        .split('progress=end')[0]!
        .split('progress=continue')
        .at(-1)!,
    )?.[1],
  )

const PICTURE = (seconds: number, rate = 15) => [
  '-f',
  'lavfi',
  '-i',
  `testsrc=size=160x120:rate=${rate}:duration=${seconds}`,
]
const SOUND = (seconds: number) => ['-f', 'lavfi', '-i', `sine=frequency=440:duration=${seconds}`]
const H264 = ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-preset', 'ultrafast', '-g', '15']
const base = { ffmpeg: 'ffmpeg', ffprobe: 'ffprobe', allowAddresses: [] }
const SMALL = [
  { name: 'small', width: 80, height: 60, bitrate: 50_000 },
  { name: 'own', width: 160, height: 120, bitrate: 100_000 },
]

test(
  'killed in the middle, the renditions go on with the first segment that is missing and end as if never killed',
  async () => {
    const directory = place()
    mkdirSync(join(directory, '.work'))
    const facts = source(directory, ...PICTURE(8), ...SOUND(8), ...H264, '-c:a', 'aac', '-f', 'mp4')
    const slow = join(directory, 'slow-ffmpeg')
    writeFileSync(slow, '#!/bin/sh\nexec ffmpeg -readrate 2 "$@"\n')
    chmodSync(slow, 0o755)
    const job = { ...base, directory, facts, profiles: SMALL, segmentSeconds: 1, thumbnails: true }
    const first = run('renditions', { ...job, ffmpeg: slow })
    const end = finished(first)
    const part = (name: string) => join(directory, '.work', `${name}.part`)
    await eventually('three segments are whole', () => SMALL.every(({ name }) => existsSync(join(part(name), '2.ts'))))
    process.kill(-first.pid!, 'SIGKILL')
    await end
    const stamps = (where: string) => [0, 1].map((n) => statSync(join(where, `${n}.ts`), { bigint: true }).mtimeNs)
    const before = SMALL.map(({ name }) => stamps(part(name)))
    expect(await finished(run('renditions', job))).toBe('0')
    const made = SMALL.map(({ name }) => join(directory, '.work', name))
    expect(made.map(stamps)).toEqual(before)
    for (const path of made) {
      expect(readdirSync(path).sort()).toEqual([...Array.from({ length: 8 }, (_, n) => `${n}.ts`), 'index.m3u8'].sort())
      expect(frames(join(path, 'index.m3u8'))).toBe(120)
    }
    expect(readdirSync(join(directory, '.work')).sort()).toEqual(['own', 'small', 'thumbnails'])
    expect(readdirSync(join(directory, '.work/thumbnails'))).toHaveLength(9)
    // Done already, they are only checked.
    expect(await finished(run('renditions', { ...job, ffmpeg: 'false' }))).toBe('0')
  },
  LONG_MS,
)

test(
  'every encoder makes what can be decoded whole, also as single files of fragments for HLS and DASH',
  async () => {
    const directory = place()
    mkdirSync(join(directory, '.work'))
    const facts = source(directory, ...PICTURE(2), ...SOUND(2), ...H264, '-c:a', 'aac', '-f', 'mp4')
    const size = { width: 160, height: 120, bitrate: 100_000 }
    const profiles = [
      { name: 'h264', ...size, profile: 'H264Baseline', gop: 'intra', fps: 5 },
      { name: 'hevc', ...size, encoder: 'HEVC', gop: '0.5' },
      { name: 'vp9', ...size, encoder: 'VP9' },
    ]
    const job = { ...base, directory, facts, profiles, segmentSeconds: 1, thumbnails: false, mp4: true, fmp4: true }
    expect(await finished(run('renditions', job))).toBe('0')
    expect(await finished(run('package', job))).toBe('0')
    const work = join(directory, '.work')
    const counts = profiles.map(({ name }) =>
      [`${name}/index.m3u8`, `${name}.mp4`].map((file) => frames(join(work, file))),
    )
    expect(counts).toEqual([
      [10, 10],
      [30, 30],
      [30, 30],
    ])
    const codec = (path: string) =>
      String(
        execFileSync('ffprobe', ['-v', 'error', '-show_entries', 'stream=codec_name,profile', '-of', 'csv=p=0', path]),
      ).split(/[,\n]/)
    expect(codec(join(work, 'h264.mp4')).slice(0, 2)).toEqual(['h264', 'Constrained Baseline'])
    expect(codec(join(work, 'hevc.mp4'))[0]).toBe('hevc')
    expect(codec(join(work, 'vp9.mp4'))[0]).toBe('vp9')
    const names = readdirSync(join(work, 'fmp4'))
    expect(names).toEqual(expect.arrayContaining(['index.mpd', 'master.m3u8', 'media_0.m3u8']))
    // ffmpeg itself reads no DASH of single files: the same files through HLS.
    expect(['media_0', 'media_2', 'media_4'].map((name) => frames(join(work, `fmp4/${name}.m3u8`)))).toEqual([
      10, 30, 30,
    ])
    expect(readFileSync(join(work, 'fmp4/index.mpd'), 'utf8').match(/<BaseURL>[^<]+\.mp4<\/BaseURL>/g)).toHaveLength(6)
  },
  LONG_MS,
)

/** Of each decoded frame, in the order shown. */
const pictures = (path: string): readonly string[] =>
  String(
    execFileSync('ffmpeg', [
      '-v',
      'error',
      '-i',
      path,
      '-map',
      '0:v:0',
      '-fps_mode',
      'passthrough',
      '-f',
      'framemd5',
      '-',
    ]),
  )
    .split('\n')
    .filter((line) => line.startsWith('0,'))
    .map((line) => line.split(',').at(-1)!.trim())

test(
  'a clip is exact to the frame at both ends, and its middle is the very source',
  async () => {
    const from = place()
    // Two seconds of B-frames between key frames, sound beside them.
    const coding = ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-preset', 'veryfast', '-g', '15', '-sc_threshold', '0']
    source(from, ...PICTURE(6), ...SOUND(6), ...coding, '-c:a', 'aac', '-f', 'mp4')
    const all = pictures(join(from, 'video'))
    const cases = [
      { startMs: 400, endMs: 3_400, frames: [6, 51], reused: [15, 45] },
      { startMs: 1_000, endMs: 3_000, frames: [15, 45], reused: [15, 45] },
      { startMs: 3_500, frames: [53, 90], reused: [60, 90] },
      { startMs: 0, endMs: 2_500, frames: [0, 38], reused: [0, 30] },
      // Without a key frame in it: encoded.
      { startMs: 100, endMs: 900, frames: [2, 14], reused: [0, 0] },
    ] as const
    for (const {
      frames: [first, last],
      reused,
      ...times
    } of cases) {
      const directory = place()
      mkdirSync(join(directory, '.work'))
      expect(await finished(run('cut', { ...base, directory, from: join(from, 'video'), ...times }))).toBe('0')
      const clip = pictures(join(directory, 'video'))
      expect([times, clip.length]).toEqual([times, last - first])
      const same = clip.flatMap((hash, i) => (hash === all[first + i] ? [first + i] : []))
      const middle = Array.from({ length: reused[1] - reused[0] }, (_, i) => reused[0] + i)
      expect([times, same]).toEqual([times, middle])
      expect(readdirSync(join(directory, '.work'))).toEqual([])
    }
  },
  LONG_MS,
)
