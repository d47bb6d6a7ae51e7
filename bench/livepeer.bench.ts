/**
 * The Livepeer face on a whole server with real ffmpeg:
 *
 * - A video (1080p, by default 60 s) uploaded by its address with the default ladder, MP4s and thumbnails, until its task
 *   is completed, against one ffmpeg command that makes the same from the same file (wanted: at most 1.1 of its wall time).
 * - How long until it can first be played (wanted: at most 0.25 of that command).
 * - The server's resident memory afterwards, over what it was before.
 * - Rounds of three uploads of 32 MiB at once (by tus, by PUT, by address), each transcoded and downloaded whole: how much
 *   more the server, a process of its own, holds after all of them than after the first two rounds (wanted: less than one).
 * - GET /task/:id of a finished task against the same HTTP stack answering a constant of that size (wanted: 40 %).
 *
 * Minutes of ffmpeg on two cores. `BENCH_SECONDS_OF_VIDEO` makes it shorter; what a step costs then counts for more.
 */
import { execFileSync } from 'node:child_process'
import { createReadStream, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { Agent, createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, Worker, workerData } from 'node:worker_threads'
import type { Face } from '../src/faces/kit/face.ts'
import { firstStartOf } from '../src/faces/kit/first-start.ts'
import { openOrigin } from '../src/faces/kit/origin.ts'
import { defaultLadder } from '../src/media/ladder.ts'
import { DEFAULT_CONFIGURATION } from '../src/server/configuration.ts'
import { keyFileOf } from '../src/server/data-directory.ts'
import { clientEnvironment } from '../src/server/environment.ts'
import { FIRST_START_SPELLINGS } from '../src/server/first-start-spellings.ts'
import { serve } from '../src/server/server.ts'
import { openVault } from '../src/server/vault.ts'
import { openOutside } from '../test/support/livepeer-world.ts'
import { memoryOverRounds, paddedVideo } from '../test/support/media-traffic.ts'
import { BenchServer } from './engine/bench-server.ts'
import { median, say, sayRatio } from './engine/figure.ts'

const VIDEO_S = Number(process.env.BENCH_SECONDS_OF_VIDEO ?? 60)
const SECONDS = Number(process.env.BENCH_SECONDS ?? 2)
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3)
const READERS = 32
/** Of three uploads each. */
const UPLOAD_ROUNDS = Number(process.env.BENCH_UPLOAD_ROUNDS ?? 8)
const SEGMENT_S = 10
/** How often one who waits looks: twenty times a second took 5 % of the machine from what it waits for. */
const [EAGER_MS, PATIENT_MS] = [50, 250]
const SOURCE = { width: 1_920, height: 1_080, bitrate: 5_000_000 }

async function main(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'taskport-livepeer-bench-'))
  const video = madeVideo(directory)
  const outside = createServer((_request, response) => createReadStream(video).pipe(response))
  await new Promise<void>((resolve) => outside.listen(0, '127.0.0.1', resolve))
  const dataDirectory = join(directory, 'data')
  const configuration = { ...DEFAULT_CONFIGURATION, port: 0, logLevel: 'silent', allowAddress: ['127.0.0.1'] } as const
  const server = await serve({ ...configuration, dataDirectory })
  try {
    const key = firstStartOf(openVault(keyFileOf(dataDirectory)), 'livepeer', FIRST_START_SPELLINGS.livepeer).secret
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    const source = `http://127.0.0.1:${(outside.address() as AddressInfo).port}/video.mp4`
    const base = { name: 'one ffmpeg', value: direct(directory, video) }
    const before = process.memoryUsage().rss
    const { playableS, doneS, task } = await upload(`${server.url}/api`, headers, source)
    sayRatio(`upload of ${VIDEO_S} s 1080p, ${megabytes(video)} MB`, doneS, 's', base, '≤ 1.1')
    sayRatio('until it can first be played', playableS, 's', base, '≤ 0.25')
    say({ figure: 'resident memory gained', value: (process.memoryUsage().rss - before) / 2 ** 20, unit: 'MiB' })
    await reads(`${server.url}/api/task/${task}`, headers)
    await manyUploads()
  } finally {
    await server.stop({ endTasks: true })
    outside.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function manyUploads(): Promise<void> {
  const outside = await openOutside()
  const server = await BenchServer.start({ flags: ['--allow-address', '127.0.0.1'] })
  try {
    const { url, pid, dataDirectory } = server
    const { LIVEPEER_API_KEY: key = '' } = await clientEnvironment({ url, dataDirectory })
    const video = paddedVideo(32 * 2 ** 20)
    const address = (n: number) => outside.file(`${n}.mp4`, video)
    const [, early = 0, ...later] = await memoryOverRounds({ url, key, pid }, { video, address }, UPLOAD_ROUNDS)
    const uploads = UPLOAD_ROUNDS * 3
    const value = (later.at(-1)! - early) / 2 ** 20
    say({
      figure: `resident memory gained over ${uploads - 6} of ${uploads} uploads`,
      value,
      unit: 'MiB',
      wanted: '≤ 32',
    })
  } finally {
    await server.end()
    await outside.end()
  }
}

const megabytes = (path: string): string => (statSync(path).size / 1e6).toFixed(0)

function madeVideo(directory: string): string {
  const path = join(directory, 'video.mp4')
  const sources = [`testsrc2=size=1920x1080:rate=30:duration=${VIDEO_S}`, `sine=frequency=440:duration=${VIDEO_S}`]
  const inputs = sources.flatMap((source) => ['-f', 'lavfi', '-i', source])
  const rate = ['-b:v', '5M', '-maxrate', '5M', '-bufsize', '10M', '-g', '60', '-pix_fmt', 'yuv420p']
  const coding = ['-c:v', 'libx264', '-preset', 'ultrafast', ...rate, '-c:a', 'aac', '-shortest']
  execFileSync('ffmpeg', ['-loglevel', 'error', ...inputs, ...coding, path])
  return path
}

/** The same renditions, an MP4 of each and thumbnails, by one command; how long it took, s. */
function direct(directory: string, video: string): number {
  const ladder = defaultLadder(SOURCE)
  const split = `[0:v]split=${ladder.length + 1}${ladder.map((_, i) => `[s${i}]`).join('')}[st]`
  const scaled = ladder.map(({ width, height }, i) => `[s${i}]scale=${width}:${height}[v${i}]`)
  const chosen = `[st]select='isnan(prev_selected_t)+gte(t-prev_selected_t,${SEGMENT_S})',scale=640:360[t]`
  const outputs = ladder.flatMap(({ name, bitrate, quality }, i) => {
    const place = join(directory, 'direct', name)
    mkdirSync(place, { recursive: true })
    const rate = ['-crf', String(quality), '-maxrate', String(bitrate), '-bufsize', String(bitrate * 2)]
    const keys = ['-sc_threshold', '0', '-g', '9999', '-force_key_frames', `expr:gte(t,n_forced*${SEGMENT_S})`]
    const sound = ['-c:a', 'aac', '-b:a', '128000', '-ac', '2', '-ar', '48000']
    const playlist = `[f=hls:hls_time=${SEGMENT_S}:hls_playlist_type=vod:hls_segment_filename=${place}/%d.ts]${place}/index.m3u8`
    const both = ['-flags', '+global_header', '-f', 'tee', `${playlist}|[f=mp4:movflags=+faststart]${place}.mp4`]
    return [
      '-map',
      `[v${i}]`,
      '-map',
      '0:a',
      '-c:v',
      'libx264',
      '-preset',
      'veryfast',
      ...rate,
      ...keys,
      ...sound,
      ...both,
    ]
  })
  const pictures = ['-map', '[t]', '-fps_mode', 'vfr', join(directory, 'direct', '%d.png')]
  const graph = [split, ...scaled, chosen].join(';')
  const begin = performance.now()
  execFileSync('ffmpeg', ['-y', '-loglevel', 'error', '-i', video, '-filter_complex', graph, ...outputs, ...pictures])
  return (performance.now() - begin) / 1_000
}

async function upload(api: string, headers: Readonly<Record<string, string>>, source: string) {
  const begin = performance.now()
  const since = (): number => (performance.now() - begin) / 1_000
  const body = JSON.stringify({ name: 'bench', url: source })
  const made = await fetch(`${api}/asset/upload/url`, { method: 'POST', headers, body })
  const { asset, task } = (await made.json()) as { asset: { playbackId: string }; task: { id: string } }
  let playableS: number | undefined
  for (;;) {
    const { status } = (await (await fetch(`${api}/task/${task.id}`, { headers })).json()) as {
      status: { phase: string; errorMessage?: string }
    }
    if (playableS === undefined && (await fetch(`${api}/playback/${asset.playbackId}`)).ok) playableS = since()
    if (status.phase === 'failed') throw new Error(status.errorMessage)
    if (status.phase === 'completed') return { playableS: playableS ?? since(), doneS: since(), task: task.id }
    await sleep(playableS === undefined ? EAGER_MS : PATIENT_MS)
  }
}

async function reads(url: string, headers: Readonly<Record<string, string>>): Promise<void> {
  const constant = await (await fetch(url, { headers })).text()
  const origin = await openOrigin({ faces: [constantFace(constant)], fallback: 'constant' })
  const constantUrl = `${await origin.listen('127.0.0.1', 0)}/task`
  const rates = { constant: [] as number[], task: [] as number[] }
  const costs = { constant: [] as number[], task: [] as number[] }
  for (let round = -1; round < ROUNDS; round++)
    for (const [name, at] of [['constant', constantUrl] as const, ['task', url] as const]) {
      const before = process.threadCpuUsage()
      const { count, rate } = await inWorker({ url: at, headers })
      const { user, system } = process.threadCpuUsage(before)
      if (round < 0) continue
      rates[name].push(rate)
      costs[name].push((user + system) / count)
    }
  await origin.close()
  const base = { name: 'constant', value: median(rates.constant) }
  sayRatio(`GET /task/:id of a finished one, ${constant.length} bytes`, median(rates.task), '/s', base, '≥ 0.40')
  const cost = { name: 'constant', value: median(costs.constant) }
  sayRatio("GET /task/:id, the server thread's CPU", median(costs.task), 'µs', cost, '≤ 2.5')
}

const constantFace = (constant: string): Face => ({
  name: 'constant',
  claims: [{ prefix: '/' }],
  mount: (app) =>
    void app.get('/task', (_request, reply) => reply.type('application/json; charset=utf-8').send(constant)),
  environment: async () => ({}),
})

interface Load {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

interface Driven {
  readonly count: number
  /** Per second. */
  readonly rate: number
}

const inWorker = (load: Load): Promise<Driven> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: load })
    worker.once('message', resolve)
    worker.once('error', reject)
  })

async function drive({ url, headers }: Load): Promise<Driven> {
  const agent = new Agent({ keepAlive: true, maxSockets: READERS })
  const begin = performance.now()
  let answered = 0
  const hammer = async (): Promise<void> => {
    while (performance.now() - begin < SECONDS * 1_000) {
      await new Promise<void>((resolve, reject) => {
        const asked = httpRequest(url, { agent, headers }, (answer) => {
          if (answer.statusCode !== 200) reject(new Error(`answered ${answer.statusCode}`))
          answer.resume().on('end', resolve)
        })
        asked.on('error', reject).end()
      })
      answered++
    }
  }
  await Promise.all(Array.from({ length: READERS }, hammer))
  agent.destroy()
  return { count: answered, rate: answered / ((performance.now() - begin) / 1_000) }
}

if (workerData) parentPort?.postMessage(await drive(workerData as Load))
else await main()
