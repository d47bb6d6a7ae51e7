import { join } from 'node:path'
import type { AssetRecord } from '../asset/asset-record.ts'
import { storageBegun } from '../asset/asset-storage.ts'
import { putAsset } from '../documents.ts'
import { notImplemented } from '../errors.ts'
import type { Call } from '../operation.ts'
import { openMediaDirectory } from '../parts.ts'
import { checkQueue, newTaskId, startTask } from './start-task.ts'
import type { TaskRecord } from './task-record.ts'

/** A task as it begins. */
export function newTask(
  { engine, principal }: Call,
  type: TaskRecord['type'],
  params: TaskRecord['params'],
): TaskRecord {
  const at = engine.now()
  return { id: newTaskId(), type, createdAt: at, updatedAt: at, userId: principal.id, params }
}

/** Throws 501 where the operator has named no IPFS node, and for nodes of the caller's own. */
export function checkIpfs({ parts }: Call, wanted: unknown): void {
  if (parts.options.ipfsApi === undefined) throw notImplemented('IPFS storage is not configured on this server')
  if ((wanted as { readonly pinata?: unknown } | undefined)?.pinata !== undefined)
    throw notImplemented('custom pinata credentials are not supported here')
}

/** Pins an asset's source and what describes it; the asset says so from now on. `version`: the asset's document's. */
export async function pinAsset(call: Call, asset: AssetRecord, version: number, spec: object): Promise<TaskRecord> {
  checkIpfs(call, spec)
  const { parts, principal, tenant } = call
  await checkQueue(parts, principal)
  const directory = parts.mediaDirectory(asset.playbackId)
  const { nftMetadata } = spec as { readonly nftMetadata?: object }
  const metadata = { name: asset.name, description: `Livepeer video from asset "${asset.name}"`, ...nftMetadata }
  const task: TaskRecord = {
    ...newTask(call, 'export', { export: { ipfs: spec } }),
    inputAssetId: asset.id,
    pin: { directory, file: join(directory, 'video'), metadata },
  }
  return startTask(parts, principal, task, [putAsset(tenant, storageBegun(asset, task.id, spec), version)])
}

/** Pins what it is given. */
export async function pinContent(call: Call, exportData: { readonly content: object }): Promise<TaskRecord> {
  checkIpfs(call, undefined)
  const { parts, principal } = call
  await checkQueue(parts, principal)
  const task = newTask(call, 'export-data', { exportData })
  const directory = parts.mediaDirectory(`data-${task.id}`)
  openMediaDirectory(directory)
  return startTask(parts, principal, { ...task, pin: { directory, content: exportData.content } }, [])
}
