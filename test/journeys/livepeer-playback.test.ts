/** hls.js in a real browser, on a page of another origin: what a viewer gets. Inputs of every kind come out playable. */
import { execFile, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Browser, openBrowser } from '../support/browser.ts'
import {
  decodedFrames,
  H264,
  type LivepeerWorld,
  madeMedia,
  openLivepeerWorld,
  PICTURE,
  type Reply,
  SOUND,
  turnedVideo,
} from '../support/livepeer-world.ts'

const LONG_MS = 180_000
const hasBrowser = spawnSync('chromium', ['--version']).status === 0
let world: LivepeerWorld
let browser: Browser | undefined
beforeAll(async () => {
  world = await openLivepeerWorld()
  const script = readFileSync(createRequire(import.meta.url).resolve('hls.js/dist/hls.min.js'))
  world.answer('/hls.js', (_request, response) => response.setHeader('content-type', 'text/javascript').end(script))
  world.answer('/page', (_request, response) => {
    const page = '<!doctype html><video muted></video><script src="/hls.js"></script>'
    response.setHeader('content-type', 'text/html').end(page)
  })
  if (hasBrowser) browser = await openBrowser()
}, LONG_MS)
afterAll(async () => {
  await browser?.close()
  await world?.close()
})

async function ready(name: string, bytes: Buffer, more: object = {}): Promise<Reply> {
  const { body } = await world.call('POST', '/asset/upload/url', { name, url: world.file(name, bytes), ...more })
  const { status } = await world.until(body.task.id, 'completed', 'failed')
  expect([name, status.phase, status.errorMessage]).toEqual([name, 'completed', undefined])
  return (await world.call('GET', `/asset/${body.asset.id}?details=1`)).body
}

const TO_ITS_END = `
  const late = new Promise((_, no) => setTimeout(() => no(new Error('late at ' + video.currentTime)), 60000))
  await Promise.race([failed, late, new Promise((yes) => { video.onended = yes; video.play() })])
  const { totalVideoFrames: frames } = video.getVideoPlaybackQuality()
  return { duration: video.duration, at: video.currentTime, frames, width: video.videoWidth, height: video.videoHeight }`

/** Plays it to its end; how far it got, and how many frames were shown. */
const PLAY = (source: string): string => `
  const video = document.querySelector('video')
  const hls = new Hls()
  const failed = new Promise((_, no) => hls.on(Hls.Events.ERROR, (_, data) => { if (data.fatal) no(new Error(data.details)) }))
  hls.loadSource(${JSON.stringify(source)})
  hls.attachMedia(video)
${TO_ITS_END}`

const PLAY_FILE = (source: string): string => `
  const video = document.querySelector('video')
  const failed = new Promise((_, no) => { video.onerror = () => no(new Error(video.error.message)) })
  video.src = ${JSON.stringify(source)}
${TO_ITS_END}`

test.runIf(hasBrowser)(
  'a browser plays a video from its first frame to its last, and so it does behind a playback policy',
  async () => {
    const video = madeMedia(...PICTURE(3, '160x120'), ...SOUND(3), ...H264, '-c:a', 'aac', '-shortest', 'mp4')
    const asset = await ready('played.mp4', video, { targetSegmentSizeSecs: 1 })
    const played = (await browser!.run(`${world.outside}/page`, PLAY(asset.playbackUrl))) as Reply
    expect(Math.abs(played.duration - 3)).toBeLessThan(0.2)
    expect(Math.abs(played.at - played.duration)).toBeLessThan(0.2)
    expect(played).toMatchObject({ width: 160, height: 120 })
    // A loaded machine may drop some.
    expect(played.frames).toBeGreaterThan(30)
    const hook = { name: 'gate', url: `${world.outside}/gate`, events: ['playback.accessControl'] }
    const { id: webhookId } = (await world.call('POST', '/webhook', hook)).body
    const gated = await ready('gated.mp4', video, { playbackPolicy: { type: 'webhook', webhookId } })
    await expect(browser!.run(`${world.outside}/page`, PLAY(gated.playbackUrl))).rejects.toThrow(/manifestLoadError/)
    const let_in = (await browser!.run(`${world.outside}/page`, PLAY(`${gated.playbackUrl}?accessKey=k`))) as Reply
    expect(Math.abs(let_in.at - 3)).toBeLessThan(0.2)
  },
  LONG_MS,
)

test.runIf(hasBrowser)(
  'a browser plays what is not H.264 as well: VP9 by its playlist, VP8 as a file',
  async () => {
    const video = madeMedia(...PICTURE(3, '160x120'), ...SOUND(3), ...H264, '-c:a', 'aac', '-shortest', 'mp4')
    const size = { width: 160, height: 128, bitrate: 100_000 }
    const profiles = [
      { name: 'vp9', encoder: 'VP9', ...size },
      { name: 'vp8', encoder: 'VP8', ...size },
    ]
    const { playbackUrl, webm } = await ready('others.mp4', video, { targetSegmentSizeSecs: 1, profiles })
    const byPlaylist = (await browser!.run(`${world.outside}/page`, PLAY(playbackUrl))) as Reply
    const asFile = (await browser!.run(`${world.outside}/page`, PLAY_FILE(webm[0].url))) as Reply
    for (const played of [byPlaylist, asFile]) {
      expect(Math.abs(played.duration - 3)).toBeLessThan(0.2)
      expect(Math.abs(played.at - played.duration)).toBeLessThan(0.2)
      expect(played).toMatchObject({ width: 160, height: 120 })
      expect(played.frames).toBeGreaterThan(30)
    }
  },
  LONG_MS,
)

/** The server is in this very process: it must not stand still meanwhile. */
async function probed(address: string): Promise<Reply> {
  const argv = ['-v', 'error', '-show_streams', '-show_format', '-of', 'json', address]
  return JSON.parse((await promisify(execFile)('ffprobe', argv)).stdout)
}

test(
  'inputs of every kind: HEVC in MOV, VP9 in WebM, turned, odd, silent, of changing rate, of a few frames, with a VP9 rendition',
  async () => {
    const changing = ['-vf', "select='not(mod(n,3))+lt(n,6)'", '-fps_mode', 'vfr', '-video_track_timescale', '15360']
    const turned = await ready('turned.mov', turnedVideo())
    const [master, top] = await playlists(turned)
    expect(master).toContain('RESOLUTION=120x160')
    const { width, height } = (await probed(top)).streams[0]
    expect([width, height]).toEqual([120, 160])

    const hevc = await ready(
      'hevc.mov',
      madeMedia(
        ...PICTURE(1, '160x120'),
        '-c:v',
        'libx265',
        '-x265-params',
        'log-level=error',
        '-tag:v',
        'hvc1',
        'mov',
      ),
    )
    expect(hevc.videoSpec).toMatchObject({ format: 'mov', tracks: [{ codec: 'hevc' }] })
    expect(await decodedFrames(hevc.playbackUrl)).toBe(15)

    const rate = await ready('changing.mp4', madeMedia(...PICTURE(2, '160x120'), ...changing, ...H264, 'mp4'))
    expect(await decodedFrames((await playlists(rate))[1])).toBe(6 + 8)

    const short = await ready('short.mp4', madeMedia(...PICTURE(0.2, '160x120'), ...H264, 'mp4'))
    expect(await decodedFrames(short.playbackUrl)).toBe(3)
    expect((await playlists(short))[0]).not.toContain('source')

    const webm = madeMedia(
      ...PICTURE(1, '161x121'),
      ...SOUND(1),
      '-c:v',
      'libvpx',
      '-b:v',
      '100k',
      '-c:a',
      'libopus',
      'webm',
    )
    const vp9 = { name: 'vp9', encoder: 'VP9', width: 128, height: 128, bitrate: 100_000 }
    const both = await ready('odd.webm', webm, { profiles: [vp9, { name: 'plain', bitrate: 200_000 }] })
    const made = `${world.url}/media/${both.playbackId}`
    expect((await probed(`${made}/vp9/index.m3u8`)).streams.map((s: Reply) => s.codec_name)).toEqual(['vp9', 'aac'])
    expect((await probed(`${made}/plain/index.m3u8`)).streams.map((s: Reply) => s.codec_name)).toEqual(['h264', 'aac'])
    expect(await decodedFrames(`${made}/vp9/index.m3u8`)).toBe(15)
    // The source is kept as it came.
    expect(both.hash).toContainEqual({ algorithm: 'sha256', hash: createHash('sha256').update(webm).digest('hex') })
  },
  LONG_MS,
)

/** The master's text, and the address of the rendition it lists last. */
async function playlists({ playbackUrl }: Reply): Promise<readonly [master: string, last: string]> {
  const master = await (await fetch(playbackUrl)).text()
  const last = master.split('\n').findLast((line) => line !== '' && !line.startsWith('#'))!
  return [master, new URL(last, playbackUrl).href]
}
