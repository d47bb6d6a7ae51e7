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
import { afterAll, afterEach, expect, test } from 'vitest'
import { installPackedFfmpeg, wantsPackedFfmpeg } from '../../test/support/packed-ffmpeg.ts'
import { eventually } from '../../test/support/taskport-process.ts'
import { failureOfExit } from './failure.ts'
import { type MediaFacts, mediaFactsOf } from './media-facts.ts'
import { MEDIA_PROGRAMS, type MediaProgram } from './media-programs.ts'
import { probeInput } from './run-ffmpeg.ts'

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

/** Old builds say a thing or two all the same. */
const DONE = /^0\b/

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
const packed = wantsPackedFfmpeg ? installPackedFfmpeg() : undefined
afterAll(() => packed?.remove())
const { ffmpeg, ffprobe } = packed?.found ?? { ffmpeg: 'ffmpeg', ffprobe: 'ffprobe' }
const base = { ffmpeg, ffprobe, allowAddresses: [] }
/** Before 5.1 fragments begin anew, and not every clip's middle is found. */
const isOld = packed !== undefined
const SMALL = [
  { name: 'small', width: 80, height: 60, bitrate: 50_000 },
  { name: 'own', width: 160, height: 120, bitrate: 100_000 },
]

/** Key frames that segments are no multiple of. */
const gop = '0.4'
const VP9 = { name: 'vp9', width: 80, height: 60, bitrate: 50_000, encoder: 'VP9', gop }
const MIXED = [
  ...SMALL,
  ...(isOld ? [] : [VP9]),
  { name: 'vp8', width: 80, height: 60, bitrate: 50_000, encoder: 'VP8', gop },
]
/** The first segment files of a rendition, and what it ends as. */
const SUFFIXES: Readonly<Record<string, string>> = { small: 'ts', own: 'ts', vp9: 'm4s', vp8: 'webm' }

/** Writes down under which id it runs and what it was told. `isSlow`: in real time, so that there is a middle. */
function watchedFfmpeg(directory: string, isSlow = false): string {
  const path = join(directory, isSlow ? 'slow-ffmpeg' : 'ffmpeg')
  const told = `echo "$$ $*" >> ${directory}/calls`
  writeFileSync(path, `#!/bin/sh\n${told}\nexec ${base.ffmpeg} ${isSlow ? '-re' : ''} "$@"\n`)
  chmodSync(path, 0o755)
  return path
}

const calls = (directory: string): readonly string[] =>
  readFileSync(join(directory, 'calls'), 'utf8')
    .split('\n')
    .filter((line) => line.includes(' -progress '))

/** Eight seconds with sound, in segments of one. */
function longJob() {
  const directory = place()
  mkdirSync(join(directory, '.work'))
  const facts = source(directory, ...PICTURE(8), ...SOUND(8), ...H264, '-c:a', 'aac', '-f', 'mp4')
  const job = { ...base, directory, facts, profiles: MIXED, segmentSeconds: 1, thumbnails: true, mp4: true }
  const part = (name: string, n: number) => join(directory, '.work', `${name}.part`, `${n}.${SUFFIXES[name]}`)
  const whole = (name: string, n: number) => join(directory, '.work', name, `${n}.${SUFFIXES[name]}`)
  return { directory, job, part, whole }
}

const stamp = (path: string): bigint => statSync(path, { bigint: true }).mtimeNs

test(
  'killed in the middle, the renditions go on with the first segment that is missing and end as if never killed',
  async () => {
    const { directory, job, part, whole } = longJob()
    const first = run('renditions', { ...job, ffmpeg: watchedFfmpeg(directory, true) })
    const end = finished(first)
    await eventually('three segments are whole', () => MIXED.every(({ name }) => existsSync(part(name, 3))))
    process.kill(-first.pid!, 'SIGKILL')
    await end
    const kept = MIXED.slice(0, -1).flatMap(({ name }) => [0, 1].map((n) => [name, n] as const))
    const before = kept.map(([name, n]) => stamp(part(name, n)))
    expect(await finished(run('renditions', { ...job, ffmpeg: watchedFfmpeg(directory) }))).toMatch(DONE)
    const [, again = ''] = calls(directory)
    expect(Number(/ -ss (\d+) /.exec(again)?.[1])).toBeGreaterThanOrEqual(3)
    expect(kept.map(([name, n]) => stamp(whole(name, n)))).toEqual(before)
    const work = join(directory, '.work')
    for (const { name } of MIXED.slice(0, -1)) {
      const files = [...Array.from({ length: 8 }, (_, n) => `${n}.${SUFFIXES[name]}`), 'index.m3u8']
      expect(readdirSync(join(work, name)).sort()).toEqual([...files, ...(name === 'vp9' ? ['init.mp4'] : [])].sort())
      expect(frames(join(work, name, 'index.m3u8'))).toBe(120)
    }
    expect(readdirSync(join(work, 'vp8'))).toEqual(['whole.webm'])
    expect(frames(join(work, 'vp8/whole.webm'))).toBe(120)
    expect(readdirSync(work).sort()).toEqual([...MIXED.map(({ name }) => name), 'thumbnails'].sort())
    expect(readdirSync(join(work, 'thumbnails'))).toHaveLength(9)
    // Done already, they are only checked.
    expect(await finished(run('renditions', { ...job, ffmpeg: 'false' }))).toMatch(DONE)
    expect(await finished(run('package', job))).toMatch(DONE)
    const files = readdirSync(work).filter((name) => /\.(mp4|webm)$/.test(name))
    expect(files).toHaveLength(MIXED.length)
    expect(files.map((name) => frames(join(work, name)))).toEqual(MIXED.map(() => 120))
  },
  LONG_MS,
)

test(
  'an ffmpeg that stands still is killed once patience is over, and another try goes on where it stood',
  async () => {
    const { directory, job, part, whole } = longJob()
    const small = { ...job, profiles: SMALL }
    const first = run('renditions', { ...small, ffmpeg: watchedFfmpeg(directory, true), stallMs: 1_500 })
    const end = finished(first)
    await eventually('a segment is whole', () => SMALL.every(({ name }) => existsSync(part(name, 1))))
    const [pid] = calls(directory).map((line) => Number(line.split(' ')[0]))
    process.kill(pid!, 'SIGSTOP')
    const stopped = performance.now()
    const before = SMALL.map(({ name }) => stamp(part(name, 0)))
    expect(await end).toMatch(/^70 (.*\n)?ffmpeg got on with nothing for 1500 ms$/)
    expect(performance.now() - stopped).toBeGreaterThan(1_000)
    expect(() => process.kill(pid!, 0)).toThrow('ESRCH')
    expect(await finished(run('renditions', small))).toMatch(DONE)
    expect(SMALL.map(({ name }) => stamp(whole(name, 0)))).toEqual(before)
    for (const { name } of SMALL) expect(frames(join(directory, '.work', name, 'index.m3u8'))).toBe(120)
  },
  LONG_MS,
)

test(
  'an ffmpeg that gave up ends its playlists all the same: they are not believed, nor is the last segment',
  async () => {
    const { directory, job } = longJob()
    const failing = join(directory, 'failing')
    writeFileSync(failing, `#!/bin/sh\n${base.ffmpeg} -t 2.5 "$@"\n[ "$1" = -version ]\n`)
    chmodSync(failing, 0o755)
    expect(await finished(run('renditions', { ...job, ffmpeg: failing }))).toMatch(/^70 (.*\n)*ffmpeg ended with 1$/)
    expect(await finished(run('renditions', { ...job, ffmpeg: watchedFfmpeg(directory) }))).toMatch(DONE)
    expect(/ -ss (\d+) /.exec(calls(directory)[0] ?? '')?.[1]).toBe('2')
    const made = MIXED.map(({ name }) => join(directory, '.work', name, name === 'vp8' ? 'whole.webm' : 'index.m3u8'))
    expect(made.map(frames)).toEqual(MIXED.map(() => 120))
  },
  LONG_MS,
)

test('without ffmpeg or ffprobe a program fails in a way that is not tried again', async () => {
  const { job } = longJob()
  const [none, never] = [{ ffmpeg: '/nowhere/ffmpeg' }, { ffprobe: '/nowhere/ffprobe' }]
  expect(await finished(run('renditions', { ...job, ...none }))).toBe('78 spawn /nowhere/ffmpeg ENOENT')
  expect(await finished(run('probe', { ...job, ...never }))).toBe('78 spawn /nowhere/ffprobe ENOENT')
  expect(failureOfExit(78)).toMatchObject({ retriable: false, message: expect.stringContaining('no ffmpeg') })
})

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
      { name: 'vp8', ...size, encoder: 'VP8', quality: 0 },
    ]
    const job = { ...base, directory, facts, profiles, segmentSeconds: 1, thumbnails: false, mp4: true, fmp4: true }
    expect(await finished(run('renditions', job))).toMatch(DONE)
    expect(await finished(run('package', job))).toMatch(DONE)
    const work = join(directory, '.work')
    const counts = ['h264', 'hevc', 'vp9'].map((name) =>
      [`${name}/index.m3u8`, `${name}.mp4`].map((file) => frames(join(work, file))),
    )
    expect(counts).toEqual([
      // Old builds give the last frame of an MP4 no length.
      [10, isOld ? 9 : 10],
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
    // In no playlist and no MP4: a file of its own kind.
    const inWebm = codec(join(work, 'vp8.webm'))
    expect([inWebm[0], inWebm[2], frames(join(work, 'vp8.webm'))]).toEqual(['vp8', 'opus', 30])
    expect(readFileSync(join(work, 'index.m3u8'), 'utf8')).not.toContain('vp8')
    expect([existsSync(join(work, 'vp8.mp4')), existsSync(join(work, 'vp8/index.m3u8'))]).toEqual([false, false])
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
      // Between two frames.
      { startMs: 420, endMs: 3_390, frames: [7, 51], reused: [15, 45] },
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
      expect(await finished(run('cut', { ...base, directory, from: join(from, 'video'), ...times }))).toMatch(DONE)
      const clip = pictures(join(directory, 'video'))
      // Old builds give the last frame of an MP4 no length.
      expect(isOld ? [last - first, last - first - 1] : [last - first], JSON.stringify(times)).toContain(clip.length)
      const same = clip.flatMap((hash, i) => (hash === all[first + i] ? [first + i] : []))
      const middle = Array.from({ length: reused[1] - reused[0] }, (_, i) => reused[0] + i)
      expect(isOld ? [[], middle] : [middle], JSON.stringify(times)).toContainEqual(same)
      expect(readdirSync(join(directory, '.work'))).toEqual([])
    }
  },
  LONG_MS,
)

test.each(['matroska', 'mpegts'])(
  'a clip of %s is the very frames too, wherever a seek in it ends',
  async (container) => {
    const from = place()
    const coding = ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-preset', 'veryfast', '-g', '15', '-sc_threshold', '0']
    source(from, ...PICTURE(6), ...coding, '-f', container)
    const directory = place()
    mkdirSync(join(directory, '.work'))
    const cut = { ...base, directory, from: join(from, 'video'), startMs: 1_420, endMs: 4_390 }
    expect(await finished(run('cut', cut))).toMatch(DONE)
    const [clip, all] = [pictures(join(directory, 'video')), pictures(join(from, 'video'))]
    expect(isOld ? [44, 43] : [44]).toContain(clip.length)
    const same = clip.flatMap((hash, i) => (hash === all[22 + i] ? [22 + i] : []))
    const middle = Array.from({ length: 30 }, (_, i) => 30 + i)
    expect(isOld ? [[], middle] : [middle]).toContainEqual(same)
  },
  LONG_MS,
)

test('a recording of which no length is known, and one that begins late, are as long as what is in them', async () => {
  const directory = place()
  const path = join(directory, 'video')
  const made = [...PICTURE(2), '-c:v', 'libvpx', '-deadline', 'realtime', '-f', 'webm']
  writeFileSync(path, execFileSync('ffmpeg', ['-loglevel', 'error', ...made, 'pipe:1']))
  const facts = (await probeInput(ffprobe, path, []))!
  expect(facts).toMatchObject({ format: 'webm', tracks: [{ duration: facts.duration, bitrate: facts.bitrate }] })
  expect(facts.duration).toBeCloseTo(2, 0)
  expect(facts.bitrate).toBeGreaterThan(0)
  const late = ['-itsoffset', '3', '-i', path, '-c', 'copy', '-avoid_negative_ts', 'disabled', '-f', 'matroska']
  execFileSync('ffmpeg', ['-loglevel', 'error', ...late, join(directory, 'late')])
  expect((await probeInput(ffprobe, join(directory, 'late'), []))!.duration).toBe(facts.duration)
})

test.each([
  ['a changing rate', [...PICTURE(6), '-vf', "select='lt(t,2)+not(mod(n,6))'", '-fps_mode', 'vfr'], 5.8],
  ['sound longer than the picture', [...PICTURE(2), ...SOUND(6), '-c:a', 'aac'], 6],
] as const)(
  'a playlist is as long as what it names: %s',
  async (_, given, seconds) => {
    const directory = place()
    mkdirSync(join(directory, '.work'))
    const facts = source(directory, ...given, ...H264, '-f', 'mp4')
    const job = { ...base, directory, facts, profiles: [...SMALL, ...(isOld ? [] : [VP9])], segmentSeconds: 2 }
    expect(await finished(run('renditions', job))).toMatch(DONE)
    expect(await finished(run('source', job))).toMatch(DONE)
    const lists = [...job.profiles.map(({ name }) => join('.work', name)), 'source']
    for (const list of lists) {
      const text = readFileSync(join(directory, list, 'index.m3u8'), 'utf8')
      const length = [...text.matchAll(/^#EXTINF:([\d.]+),/gm)].reduce((sum, [, s]) => sum + Number(s), 0)
      expect(Math.abs(length - seconds), `${list} ${text}`).toBeLessThan(0.3)
    }
  },
  LONG_MS,
)

test('pixels that are not square keep their shape; thumbnails are as wide as it is shown', async () => {
  const directory = place()
  mkdirSync(join(directory, '.work'))
  const facts = source(directory, ...PICTURE(1), '-vf', 'setsar=2/1', ...H264, '-f', 'mp4')
  const job = { ...base, directory, facts, profiles: SMALL, segmentSeconds: 1, thumbnails: true }
  expect(await finished(run('renditions', job))).toMatch(DONE)
  const shape = (...path: readonly string[]) => {
    const wanted = ['-show_entries', 'stream=width,height,display_aspect_ratio', '-of', 'csv=p=0', '-v', 'error']
    return String(execFileSync('ffprobe', [...wanted, join(directory, '.work', ...path)])).match(
      /\d+,\d+,[\d:/NA]+/,
    )?.[0]
  }
  expect(shape('small', '0.ts')).toBe('80,60,8:3')
  expect(shape('own', '0.ts')).toBe('160,120,8:3')
  expect(shape('thumbnails', 'keyframes_0.png')).toMatch(/^640,240,/)
})
