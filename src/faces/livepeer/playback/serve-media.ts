/**
 * Published files, to whoever knows their address: ranges, validators, any origin. They are users' bytes: a browser is
 * told to take them for nothing but what they are called, and to run nothing of them.
 */
import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { findPlayback } from '../asset/find-asset.ts'
import { notFound } from '../errors.ts'
import type { LivepeerParts } from '../parts.ts'
import { openToAll } from '../routes.ts'
import { rangeOf } from './range.ts'

const TYPES: Readonly<Record<string, string>> = {
  m3u8: 'application/vnd.apple.mpegurl',
  ts: 'video/mp2t',
  mp4: 'video/mp4',
  vtt: 'text/vtt; charset=utf-8',
  png: 'image/png',
}

/** What may stand in an address: no hidden names, no way up. */
const NAME = /^(?!\.)[\w.-]+$/

export function mountMedia(app: FastifyInstance, parts: LivepeerParts): void {
  app.options('/media/*', (request, reply) => openToAll(request, reply).code(204).send())
  app.get('/media/:id/*', async (request, reply) => {
    const { id, '*': rest } = request.params as { readonly id: string; readonly '*': string }
    openToAll(request, reply)
    const names = rest.split('/')
    if (!NAME.test(id) || names.length > 3 || !names.every((name) => NAME.test(name))) throw notFound()
    const found = await findPlayback(parts.engine, id)
    if (!found || !(found.asset.phase === 'ready' || found.asset.sourcePlaybackReady)) throw notFound()
    const format = found.asset.media?.videoSpec.format
    return serve(request, reply, join(parts.mediaDirectory(id), ...fileOf(names)), format)
  })
}

/** `video/download.mp4` is the source under a name to save it by. */
const fileOf = (names: readonly string[]): readonly string[] => (names[0] === 'video' ? ['video'] : names)

async function serve(
  request: FastifyRequest,
  reply: FastifyReply,
  path: string,
  format: string | undefined,
): Promise<FastifyReply> {
  const file = await opened(path)
  const { size, mtimeMs } = await file.stat()
  const etag = `"${size.toString(36)}-${Math.floor(mtimeMs).toString(36)}"`
  reply.headers({
    'x-content-type-options': 'nosniff',
    'content-security-policy': "sandbox; default-src 'none'",
    'cross-origin-resource-policy': 'cross-origin',
    'accept-ranges': 'bytes',
    'cache-control': path.endsWith('index.m3u8') ? 'no-cache' : 'public, max-age=3600',
    etag,
  })
  reply.type(typeOf(path, format))
  if (path.endsWith('/video')) reply.header('content-disposition', `attachment; filename="download.${format ?? 'bin'}"`)
  const end = async (code: number): Promise<FastifyReply> => {
    await file.close()
    return reply.code(code).send()
  }
  if (request.headers['if-none-match'] === etag) return end(304)
  const ifRange = request.headers['if-range']
  const range = ifRange === undefined || ifRange === etag ? rangeOf(request.headers.range, size) : undefined
  if (range === 'unsatisfiable') {
    reply.header('content-range', `bytes */${size}`)
    return end(416)
  }
  const { from, to } = range ?? { from: 0, to: size - 1 }
  if (range) reply.code(206).header('content-range', `bytes ${from}-${to}/${size}`)
  reply.header('content-length', String(to - from + 1))
  if (request.method === 'HEAD' || size === 0) return end(reply.statusCode)
  return reply.send(createReadStream(path, { fd: file, start: from, end: to }))
}

async function opened(path: string): Promise<FileHandle> {
  const file = await open(path).catch(() => {
    throw notFound()
  })
  if ((await file.stat()).isFile()) return file
  await file.close()
  throw notFound()
}

function typeOf(path: string, format: string | undefined): string {
  if (path.endsWith('/video')) return format === undefined ? 'application/octet-stream' : `video/${format}`
  return TYPES[path.slice(path.lastIndexOf('.') + 1)] ?? 'application/octet-stream'
}
