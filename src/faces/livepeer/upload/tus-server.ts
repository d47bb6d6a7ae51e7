import { randomUUID } from 'node:crypto'
import { chmod, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { FileStore } from '@tus/file-store'
import { Server } from '@tus/server'
import { LivepeerError } from '../errors.ts'
import type { LivepeerParts } from '../parts.ts'
import { awaitingAsset, type UploadClaims, uploadClaims, uploaded } from './receive-upload.ts'

/** The full path: what it says in `Location` must be where clients come back to. */
export const TUS_PATH = '/api/asset/upload/tus'
const EXPIRY_MS = 24 * 3_600_000

/** tus 1.0.0, with creation, expiration and termination. An upload remembers whose it is from the token it began with. */
export function tusServer(parts: LivepeerParts): Server {
  const directory = join(parts.uploadDirectory, 'tus')
  return new Server({
    path: TUS_PATH,
    datastore: new FileStore({ directory, expirationPeriodInMilliseconds: EXPIRY_MS }),
    relativeLocation: true,
    maxSize: parts.options.mostBytes,
    namingFunction: () => randomUUID(),
    async onUploadCreate(request, upload) {
      const token = new URL(request.url).searchParams.get('token') ?? upload.metadata?.uploadToken ?? undefined
      if (!token) throw asTusError(new LivepeerError(401, 'Missing uploadToken metadata from /request-upload API'))
      const claims = await said(() => uploadClaims(parts, token))
      await said(() => awaitingAsset(parts, claims))
      return { metadata: { ...upload.metadata, claims: JSON.stringify(claims) } }
    },
    async onUploadFinish(_request, upload) {
      const claims = JSON.parse(upload.metadata?.claims ?? '{}') as UploadClaims
      const path = join(directory, upload.id)
      await chmod(path, 0o644)
      try {
        await said(() => uploaded(parts, claims, path))
      } catch (error) {
        // What nobody waits for any more must not lie about; after a fault of ours it may be sent again.
        if ('status_code' in (error as object)) await forget(path)
        throw error
      }
      await forget(path)
      return {}
    },
    onResponseError: (_request, error) => {
      if ('status_code' in error) return error
      parts.context.log.error({ err: error }, 'an upload failed')
      return { status_code: 500, body: JSON.stringify({ errors: ['Internal server error: Error'] }) }
    },
  })
}

async function forget(path: string): Promise<void> {
  for (const name of [path, `${path}.json`]) await rm(name, { force: true })
}

/** Refusals in the form that the tus server hands on. */
async function said<T>(ask: () => T | Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    throw error instanceof LivepeerError ? asTusError(error) : error
  }
}

const asTusError = ({ status, errors }: LivepeerError): Error & { status_code: number; body: string } =>
  Object.assign(new Error(errors.join('; ')), { status_code: status, body: JSON.stringify({ errors }) })
