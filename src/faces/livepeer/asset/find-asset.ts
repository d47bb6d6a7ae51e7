import { isEngineError } from '../../../core/engine-error.ts'
import type { Tenant } from '../../../core/identity.ts'
import type { Document } from '../../../core/ports/store.ts'
import type { Engine } from '../../../engine/engine.ts'
import { COLLECTIONS, FACE_TENANT } from '../documents.ts'
import { notFound } from '../errors.ts'
import { executionOf } from '../task/present-task.ts'
import type { TaskRecord } from '../task/task-record.ts'
import type { AssetRecord } from './asset-record.ts'
import { presentAsset } from './present-asset.ts'

/** Throws 404; so it does for what was deleted. */
export async function findAsset(engine: Engine, tenant: Tenant, id: string): Promise<Document<AssetRecord>> {
  const found = await findAnyAsset(engine, tenant, id)
  if (found.body.phase === 'deleting') throw notFound(NOT_FOUND)
  return found
}

/** One that was deleted as well, which can be restored. */
export async function findAnyAsset(engine: Engine, tenant: Tenant, id: string): Promise<Document<AssetRecord>> {
  const found = await engine.document<AssetRecord>(tenant, COLLECTIONS.asset, id)
  if (!found) throw notFound(NOT_FOUND)
  return found
}

const NOT_FOUND = 'Asset not found'

/** By what it is played under, whoever asks. */
export async function findPlayback(
  engine: Engine,
  playbackId: string,
): Promise<{ readonly tenant: Tenant; readonly asset: AssetRecord } | undefined> {
  const found = await engine.document<{ tenant: Tenant; asset: string }>(FACE_TENANT, COLLECTIONS.playback, playbackId)
  if (!found) return undefined
  const { tenant, asset: id } = found.body
  const asset = await engine.document<AssetRecord>(tenant, COLLECTIONS.asset, id)
  return asset && { tenant, asset: asset.body }
}

/** An asset as shown, with the progress of the task that makes it. */
export async function showAsset(
  engine: Engine,
  tenant: Tenant,
  asset: AssetRecord,
  view: { readonly mediaUrl: string; readonly details: boolean },
): Promise<object> {
  if (asset.phase !== 'processing') return presentAsset(asset, view)
  const task = await engine.document<TaskRecord>(tenant, COLLECTIONS.task, asset.task)
  const execution = task && (await executionOf(engine, tenant, task.body).catch(gone))
  return presentAsset(asset, { ...view, execution, reached: task?.body.reached })
}

function gone(error: unknown): undefined {
  if (isEngineError(error, 'not_found')) return undefined
  throw error
}
