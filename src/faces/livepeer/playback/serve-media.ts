/** Published files, to whom the playback policy lets in: ranges, validators, origins. They are users' bytes. */
import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type PlaybackKeys, playbackKeysOf, withKeys } from '../access/playback-keys.ts'
import { mayEmbed } from '../access/playback-policy.ts'
import { sourceFileNameOf, sourceTypeOf } from '../asset/asset-download.ts'
import type { AssetRecord } from '../asset/asset-record.ts'
import { findPlayback } from '../asset/find-asset.ts'
import { forbidden, notFound } from '../errors.ts'
import type { LivepeerParts } from '../parts.ts'
import { rangeOf } from './range.ts'

const TYPES: Readonly<Record<string, string>> = {
  m3u8: 'application/vnd.apple.mpegurl',
  ts: 'video/mp2t',
  m4s: 'video/iso.segment',
  mp4: 'video/mp4',
  webm: 'video/webm',
  vtt: 'text/vtt; charset=utf-8',
  png: 'image/png',
}

/** What may stand in an address: no hidden names, no way up. */
const NAME = /^(?!\.)[\w.-]+$/

export function mountMedia(app: FastifyInstance, parts: LivepeerParts): void {
  app.get('/media/:id/*', async (request, reply) => {
    const { id, '*': rest } = request.params as { readonly id: string; readonly '*': string }
    const names = rest.split('/')
    if (!NAME.test(id) || names.length > 3 || !names.every((name) => NAME.test(name))) throw notFound()
    const found = await findPlayback(parts.engine, id)
    if (!found || !isShown(found.asset)) throw notFound()
    const { asset, tenant } = found
    checkPage(asset, request, reply)
    const keys = playbackKeysOf(request)
    await parts.gate.admit(tenant, asset, keys)
    const path = join(parts.mediaDirectory(id), ...fileOf(names))
    const open = (asset.playbackPolicy?.type ?? 'public') === 'public'
    if (!open && /\.(m3u8|vtt)$/.test(path)) return serveWithKeys(reply, path, keys)
    return serve(request, reply, { path, open, media: asset.media })
  })
}

/** What was deleted is seen again when it is restored. */
const isShown = ({ phase, sourcePlaybackReady }: AssetRecord): boolean =>
  phase === 'ready' || (phase !== 'deleting' && sourcePlaybackReady === true)

/** `video/download.mp4` is the source under a name to save it by. */
const fileOf = (names: readonly string[]): readonly string[] => (names[0] === 'video' ? ['video'] : names)

/** Pages that the policy does not name get nothing that their scripts could read. */
function checkPage(
  { playbackPolicy }: AssetRecord,
  { headers: { origin } }: FastifyRequest,
  reply: FastifyReply,
): void {
  if (origin === undefined || mayEmbed(playbackPolicy, origin)) return
  reply.removeHeader('access-control-allow-origin')
  throw forbidden(`the playback policy disallows origin ${origin}`)
}

/** A browser is told to take it for nothing but what it is called, and to run nothing of it. */
const INERT = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "sandbox; default-src 'none'",
  'cross-origin-resource-policy': 'cross-origin',
}

/** Made anew for each viewer: what it names carries the viewer's keys. */
async function serveWithKeys(reply: FastifyReply, path: string, keys: PlaybackKeys): Promise<FastifyReply> {
  const file = await opened(path)
  const text = await file.readFile('utf8').finally(() => file.close())
  reply.headers({ ...INERT, 'cache-control': 'private, no-store' }).type(typeOf(path, undefined))
  return reply.send(withKeys(text, keys))
}

interface Served {
  readonly path: string
  /** Anybody may see it, and so anybody may keep it. */
  readonly open: boolean
  readonly media: AssetRecord['media']
}

async function serve(
  request: FastifyRequest,
  reply: FastifyReply,
  { path, open: isOpen, media }: Served,
): Promise<FastifyReply> {
  const file = await opened(path)
  const { size, mtimeMs } = await file.stat()
  const etag = `"${size.toString(36)}-${Math.floor(mtimeMs).toString(36)}"`
  reply.headers({
    ...INERT,
    'accept-ranges': 'bytes',
    'cache-control': cacheControl(path, isOpen),
    etag,
  })
  reply.type(typeOf(path, media))
  if (path.endsWith('/video')) reply.header('content-disposition', `attachment; filename="${sourceFileNameOf(media)}"`)
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
  if (size === 0) return end(reply.statusCode)
  if (request.method === 'HEAD') {
    await file.close()
    // The framework takes nothing at all for a length of 0.
    return reply.send(Readable.from([]))
  }
  return reply.send(createReadStream(path, { fd: file, start: from, end: to }))
}

function cacheControl(path: string, isOpen: boolean): string {
  if (path.endsWith('.m3u8')) return 'no-cache'
  return isOpen ? 'public, max-age=3600' : 'private, max-age=60'
}

async function opened(path: string): Promise<FileHandle> {
  const file = await open(path).catch(() => {
    throw notFound()
  })
  if ((await file.stat()).isFile()) return file
  await file.close()
  throw notFound()
}

function typeOf(path: string, media: AssetRecord['media']): string {
  if (path.endsWith('/video')) return sourceTypeOf(media)
  return TYPES[path.slice(path.lastIndexOf('.') + 1)] ?? 'application/octet-stream'
}
