/** The two ways that bytes come: one PUT, or tus with its resumption. Both are open: the token in the address is the key. */
import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { chmod, readdir, rm } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { FastifyInstance } from 'fastify'
import { LivepeerError } from '../errors.ts'
import type { LivepeerParts } from '../parts.ts'
import { awaitingAsset, uploadClaims, uploaded } from './receive-upload.ts'
import { TUS_PATH, tusServer } from './tus-server.ts'

const DIRECT_PATH = '/api/asset/upload/direct'

export function mountUploads(app: FastifyInstance, parts: LivepeerParts): void {
  const tus = tusServer(parts)
  sweepUploads(app, parts, () => tus.cleanUpExpiredUploads())
  void app.register(async (raw) => {
    // Bodies are read where they go, never held.
    raw.removeAllContentTypeParsers()
    raw.addContentTypeParser('*', { bodyLimit: parts.options.mostBytes }, (_request, body, done) => done(null, body))
    raw.put(DIRECT_PATH, { bodyLimit: parts.options.mostBytes }, async (request, reply) => {
      const claims = uploadClaims(parts, (request.query as { readonly token?: string }).token)
      await awaitingAsset(parts, claims)
      const path = join(parts.uploadDirectory, `direct-${randomUUID()}`)
      try {
        await writeWhole(request.raw, path, parts.options.mostBytes)
        await uploaded(parts, claims, path)
      } finally {
        await rm(path, { force: true })
      }
      return reply.code(200).send()
    })
    raw.all(TUS_PATH, (request, reply) => {
      reply.hijack()
      void tus.handle(request.raw, reply.raw)
    })
    raw.all(`${TUS_PATH}/*`, (request, reply) => {
      reply.hijack()
      void tus.handle(request.raw, reply.raw)
    })
  })
}

const SWEEP_MS = 3_600_000

/**
 * What a killed server was taking in by PUT will not be continued, and goes with the next start; what tus began waits a day
 * for its rest.
 */
function sweepUploads(
  app: FastifyInstance,
  { uploadDirectory, context }: LivepeerParts,
  expired: () => Promise<unknown>,
) {
  const sweep = (): Promise<unknown> =>
    expired().catch((error: unknown) => context.log.warn({ error: String(error) }, 'expired uploads stay for now'))
  const timer = setInterval(sweep, SWEEP_MS).unref()
  app.addHook('onReady', async () => {
    for (const name of await readdir(uploadDirectory))
      if (name.startsWith('direct-')) await rm(join(uploadDirectory, name), { force: true })
    await sweep()
  })
  app.addHook('onClose', async () => clearInterval(timer))
}

async function writeWhole(body: IncomingMessage, path: string, mostBytes: number): Promise<void> {
  let bytes = 0
  const limit = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      if (bytes > mostBytes) done(new LivepeerError(413, 'the upload is too large'))
      else done(null, chunk)
    },
  })
  try {
    await pipeline(body, limit, createWriteStream(path, { flush: true }))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_STREAM_PREMATURE_CLOSE' || body.destroyed)
      throw new LivepeerError(400, 'the upload broke off')
    throw error
  }
  // Programs that read it may run as another user.
  await chmod(path, 0o644)
}
