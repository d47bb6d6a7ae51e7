/** What becomes of an asset's storage when an export to IPFS begins and ends. */
import type { TaskEnd, TaskRecord } from '../task/task-record.ts'
import type { AssetRecord, AssetStorage } from './asset-record.ts'

/** What the pinning program said. */
export interface Pinned {
  readonly cid: string
  readonly metadataCid?: string
}

export function storageBegun(asset: AssetRecord, task: string, spec: object): AssetRecord {
  const { ipfs, status } = asset.storage ?? {}
  const storage: AssetStorage = {
    ipfs: { ...ipfs, spec },
    status: { phase: 'waiting', tasks: { ...status?.tasks, pending: task } },
  }
  return { ...asset, storage }
}

/** A failed export leaves what an earlier one made. */
export function storageEnded(asset: AssetRecord, task: TaskRecord, end: TaskEnd, pinned?: Pinned): AssetRecord {
  const { ipfs = { spec: null }, status } = asset.storage ?? {}
  const { pending: _, ...tasks } = status?.tasks ?? {}
  if (end.phase === 'completed' && pinned) {
    const nftMetadata = pinned.metadataCid !== undefined && {
      nftMetadata: { cid: pinned.metadataCid, url: `ipfs://${pinned.metadataCid}` },
    }
    const made = { spec: ipfs.spec, cid: pinned.cid, url: `ipfs://${pinned.cid}`, ...nftMetadata, updatedAt: end.at }
    return {
      ...asset,
      updatedAt: end.at,
      storage: { ipfs: made, status: { phase: 'ready', tasks: { ...tasks, last: task.id } } },
    }
  }
  const phase = ipfs.cid === undefined ? 'failed' : 'reverted'
  const errorMessage = end.errorMessage !== undefined && { errorMessage: end.errorMessage }
  const failed = { phase, ...errorMessage, tasks: { ...tasks, failed: task.id } } as const
  return { ...asset, updatedAt: end.at, storage: { ipfs, status: failed } }
}
