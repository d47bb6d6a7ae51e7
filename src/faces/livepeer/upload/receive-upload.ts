import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { isEngineError } from '../../../core/engine-error.ts'
import type { Principal } from '../../../core/identity.ts'
import { asTenant } from '../../../core/identity.ts'
import type { Document } from '../../../core/ports/store.ts'
import type { AssetRecord } from '../asset/asset-record.ts'
import { FACE } from '../auth.ts'
import { COLLECTIONS, putAsset } from '../documents.ts'
import { forbidden, notFound, unprocessable } from '../errors.ts'
import type { LivepeerParts } from '../parts.ts'
import { findTask } from '../task/find-task.ts'
import { startTask } from '../task/start-task.ts'
import { announceAsset } from '../webhook/announce.ts'

/** What an upload's token says: it is the right to send these bytes, to whoever holds it. */
export interface UploadClaims {
  readonly tenant: string
  readonly asset: string
  readonly playbackId: string
}

/** Throws 403 for a token that is not ours or too old. */
export function uploadClaims({ uploadTokens, engine }: LivepeerParts, token: string | undefined): UploadClaims {
  const claims = token && uploadTokens.claims(token, engine.now())
  if (!claims) throw forbidden('Invalid signed upload URL: invalid or expired token')
  return claims
}

/** The asset that waits for these bytes. Throws 404, and 422 when it has them. */
export async function awaitingAsset({ engine }: LivepeerParts, claims: UploadClaims): Promise<Document<AssetRecord>> {
  const found = await engine.document<AssetRecord>(asTenant(claims.tenant), COLLECTIONS.asset, claims.asset)
  if (!found || found.body.phase === 'deleting') throw notFound('asset not found')
  if (found.body.phase !== 'uploading') throw unprocessable('asset has already been uploaded')
  return found
}

/** Takes the whole file `path` as the asset's input and starts its task: once, whoever comes first. */
export async function uploaded(parts: LivepeerParts, claims: UploadClaims, path: string): Promise<void> {
  const { receiving } = parts
  if (receiving.has(claims.asset)) throw unprocessable('asset has already been uploaded')
  receiving.add(claims.asset)
  try {
    await begin(parts, claims, path)
  } finally {
    receiving.delete(claims.asset)
  }
}

async function begin(parts: LivepeerParts, claims: UploadClaims, path: string): Promise<void> {
  const { engine } = parts
  const tenant = asTenant(claims.tenant)
  const asset = await awaitingAsset(parts, claims)
  const task = await findTask(engine, tenant, asset.body.task)
  await rename(path, join(parts.mediaDirectory(asset.body.playbackId), 'video'))
  const now = engine.now()
  const body: AssetRecord = { ...asset.body, phase: 'waiting', updatedAt: now }
  const principal: Principal = { id: body.userId, kind: 'user', tenant, face: FACE, grants: [] }
  const news = announceAsset({ at: now, version: 1 }, 'asset.updated', body, tenant)
  try {
    await startTask(parts, principal, task.body, [putAsset(tenant, body, asset.version), ...news], task.version)
  } catch (error) {
    if (isEngineError(error, 'conflict')) throw unprocessable('asset has already been uploaded')
    throw error
  }
}
