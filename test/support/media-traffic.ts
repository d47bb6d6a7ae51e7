/** Media going into and out of a server again and again, and what its process holds in memory meanwhile. */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { tinyVideo } from './livepeer-world.ts'

/** A second of picture and sound, as large as wanted: whoever reads it skips the rest (an MP4 box `free`). */
export function paddedVideo(bytes: number): Buffer {
  const video = tinyVideo()
  const rest = Buffer.alloc(bytes - video.length)
  rest.writeUInt32BE(rest.length, 0)
  rest.write('free', 4, 'latin1')
  return Buffer.concat([video, rest])
}

export interface MediaServer {
  /** Without `/api`. */
  readonly url: string
  readonly key: string
  readonly pid: number
}

interface Source {
  readonly video: Buffer
  /** Where the server can fetch it as well; each address is fetched once. */
  readonly address: (n: number) => string
}

/** Resident memory of a process, bytes. */
export const residentBytes = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1_024

/**
 * Rounds of three uploads at once, by tus, by PUT and by address; each transcoded to its end and downloaded whole. The
 * server's memory after each round, bytes.
 */
export async function memoryOverRounds(
  server: MediaServer,
  source: Source,
  rounds: number,
): Promise<readonly number[]> {
  const seen: number[] = []
  for (let round = 0; round < rounds; round++) {
    const passed = WAYS.map(async (way, i) => {
      const { asset, task } = await way(server, source, round * WAYS.length + i)
      await completed(server, task)
      await downloaded(server, asset, source.video.length)
    })
    await Promise.all(passed)
    seen.push(residentBytes(server.pid))
  }
  return seen
}

interface Begun {
  readonly asset: string
  readonly task: string
}

type Way = (server: MediaServer, source: Source, n: number) => Promise<Begun>

const TUS_CHUNK = 8 * 1024 * 1024

const byTus: Way = async (server, { video }, n) => {
  const { tusEndpoint, ...begun } = await requested(server, n)
  const tus = { 'tus-resumable': '1.0.0' }
  const made = await fetch(tusEndpoint, { method: 'POST', headers: { ...tus, 'upload-length': String(video.length) } })
  const place = new URL(made.headers.get('location')!, tusEndpoint)
  for (let offset = 0; offset < video.length; offset += TUS_CHUNK) {
    const headers = { ...tus, 'upload-offset': String(offset), 'content-type': 'application/offset+octet-stream' }
    const body = new Uint8Array(video.subarray(offset, offset + TUS_CHUNK))
    await expected(204, await fetch(place, { method: 'PATCH', headers, body }))
  }
  return begun
}

const byPut: Way = async (server, { video }, n) => {
  const { url, ...begun } = await requested(server, n)
  await expected(200, await fetch(url, { method: 'PUT', body: new Uint8Array(video) }))
  return begun
}

const byAddress: Way = async (server, { address }, n) => {
  const made = await call(server, 'POST', '/asset/upload/url', { name: `a${n}`, url: address(n) })
  return { asset: made.asset.id, task: made.task.id }
}

const WAYS: readonly Way[] = [byTus, byPut, byAddress]

async function requested(server: MediaServer, n: number) {
  const { url, tusEndpoint, asset, task } = await call(server, 'POST', '/asset/request-upload', { name: `a${n}` })
  return { url, tusEndpoint, asset: asset.id, task: task.id } as Begun & { url: string; tusEndpoint: string }
}

const LOOK_MS = 50
const PATIENCE_MS = 120_000

async function completed(server: MediaServer, task: string): Promise<void> {
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; await sleep(LOOK_MS)) {
    const { status } = await call(server, 'GET', `/task/${task}`)
    if (status.phase === 'completed') return
    if (status.phase === 'failed') throw new Error(status.errorMessage)
  }
  throw new Error(`task ${task} is not completed after ${PATIENCE_MS} ms`)
}

async function downloaded(server: MediaServer, asset: string, length: number): Promise<void> {
  const { downloadUrl } = await call(server, 'GET', `/asset/${asset}`)
  let bytes = 0
  for await (const chunk of (await fetch(downloadUrl)).body!) bytes += chunk.length
  if (bytes !== length) throw new Error(`${bytes} of ${length} bytes came`)
}

async function expected(status: number, answer: Response): Promise<void> {
  const text = await answer.text()
  if (answer.status !== status) throw new Error(`answered ${answer.status}: ${text}`)
}

// biome-ignore lint/suspicious/noExplicitAny: replies are looked into, member by member.
async function call(server: MediaServer, method: string, path: string, body?: object): Promise<any> {
  const headers = { authorization: `Bearer ${server.key}`, 'content-type': 'application/json' }
  const answer = await fetch(`${server.url}/api${path}`, {
    method,
    headers,
    ...(body && { body: JSON.stringify(body) }),
  })
  if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${await answer.text()}`)
  return answer.json()
}
