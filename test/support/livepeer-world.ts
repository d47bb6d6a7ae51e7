/**
 * A whole server with real processes and real ffmpeg, the vendor's client pointed at it, and an outside world on another
 * port: files to fetch, a bucket, a receiver of webhooks and exports.
 */
import { execFile, execFileSync } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Livepeer } from 'livepeer'
import { firstStartOf } from '../../src/faces/kit/first-start.ts'
import { type Configuration, DEFAULT_CONFIGURATION } from '../../src/server/configuration.ts'
import { keyFileOf } from '../../src/server/data-directory.ts'
import { FIRST_START_SPELLINGS } from '../../src/server/first-start-spellings.ts'
import { serve } from '../../src/server/server.ts'
import { openVault } from '../../src/server/vault.ts'
import { eventually } from './taskport-process.ts'

export interface Received {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface LivepeerWorld {
  /** Of the server, without `/api`. */
  readonly url: string
  readonly key: string
  readonly client: Livepeer
  readonly dataDirectory: string
  /** Of the outside. */
  readonly outside: string
  readonly received: readonly Received[]
  /** What the outside answers on a path; else 200 and nothing. */
  answer(path: string, answer: (request: IncomingMessage, response: ServerResponse) => void): void
  /** A file that the outside serves; its address. */
  file(name: string, bytes: Buffer): string
  call(method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly body: Reply }>
  /** The task, once it is in one of these phases. */
  until(task: string, ...phases: readonly string[]): Promise<Reply>
  close(): Promise<void>
}

// biome-ignore lint/suspicious/noExplicitAny: replies are looked into by tests, member by member.
export type Reply = any

const PATIENCE_MS = 120_000

export async function openLivepeerWorld(configuration: Partial<Configuration> = {}): Promise<LivepeerWorld> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'taskport-livepeer-'))
  const outside = await openOutside()
  const server = await serve({
    ...DEFAULT_CONFIGURATION,
    port: 0,
    logLevel: 'error',
    allowAddress: ['127.0.0.1'],
    ...configuration,
    dataDirectory,
  })
  const key = firstStartOf(openVault(keyFileOf(dataDirectory)), 'livepeer', FIRST_START_SPELLINGS.livepeer).secret
  const call: LivepeerWorld['call'] = async (method, path, body) => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }
    const answer = await fetch(`${server.url}/api${path}`, { method, headers, ...sent })
    const text = await answer.text()
    return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) }
  }
  return {
    url: server.url,
    key,
    client: new Livepeer({ apiKey: key, serverURL: `${server.url}/api` }),
    dataDirectory,
    ...outside,
    call,
    until: (task, ...phases) =>
      eventually(
        `task ${task} is ${phases.join(' or ')}`,
        async () => {
          const { body } = await call('GET', `/task/${task}`)
          return phases.includes(body.status.phase) ? body : undefined
        },
        PATIENCE_MS,
      ),
    async close() {
      await server.stop({ endTasks: true })
      await outside.end()
      rmSync(dataDirectory, { recursive: true, force: true })
    },
  }
}

/** Files to fetch, and a receiver of whatever is sent. */
export async function openOutside() {
  const received: Received[] = []
  const answers = new Map<string, (request: IncomingMessage, response: ServerResponse) => void>()
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://outside')
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', headers } = request
      received.push({ method, path: pathname, query: searchParams, headers, body: Buffer.concat(chunks) })
      const answer = answers.get(pathname)
      if (answer) answer(request, response)
      else response.end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const outside = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const answer: LivepeerWorld['answer'] = (path, given) => void answers.set(path, given)
  return {
    outside,
    received,
    answer,
    file(name: string, bytes: Buffer): string {
      answer(`/${name}`, (_request, response) => response.end(bytes))
      return `${outside}/${name}`
    },
    end: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Small media made by ffmpeg's own test sources. */
export function madeMedia(...given: readonly string[]): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'taskport-media-'))
  const path = join(directory, `made.${given.at(-1)}`)
  try {
    execFileSync('ffmpeg', ['-loglevel', 'error', '-y', ...given.slice(0, -1), path])
    return readFileSync(path)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

export const PICTURE = (seconds: number, size = '320x180'): readonly string[] => [
  ...['-f', 'lavfi', '-i', `testsrc=size=${size}:rate=15:duration=${seconds}`],
]
export const SOUND = (seconds: number): readonly string[] => [
  ...['-f', 'lavfi', '-i', `sine=frequency=440:duration=${seconds}`],
]
export const H264: readonly string[] = ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-preset', 'ultrafast', '-g', '15']

/** One second, 160×120, of picture and sound. */
export const tinyVideo = (): Buffer =>
  madeMedia(...PICTURE(1, '160x120'), ...SOUND(1), ...H264, '-c:a', 'aac', '-shortest', 'mp4')

/** Two seconds of picture and sound. */
export const smallVideo = (): Buffer =>
  madeMedia(...PICTURE(2), ...SOUND(2), ...H264, '-c:a', 'aac', '-shortest', 'mp4')

/** A second of picture that players turn by a quarter. */
export function turnedVideo(): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'taskport-media-'))
  try {
    const path = join(directory, 'upright.mp4')
    writeFileSync(path, madeMedia(...PICTURE(1, '160x120'), ...H264, 'mp4'))
    return madeMedia('-i', path, '-c', 'copy', '-metadata:s:v:0', 'rotate=90', 'mov')
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Decodes all of it; the number of frames of the first picture. Throws when anything is broken. */
export async function decodedFrames(address: string): Promise<number> {
  const argv = ['-v', 'error', '-xerror', '-i', address, '-map', '0:v:0', '-f', 'null', '-progress', 'pipe:1', '-']
  // The server is in this very process: it must not stand still meanwhile.
  const { stdout: progress } = await promisify(execFile)('ffmpeg', argv)
  return Number([...progress.matchAll(/^frame=\s*(\d+)/gm)].at(-1)?.[1])
}

export const hmac = (secret: string, body: Buffer): string => createHmac('sha256', secret).update(body).digest('hex')
