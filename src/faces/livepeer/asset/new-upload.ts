import type { Principal } from '../../../core/identity.ts'
import type { MediaRequest } from '../../../media/media-plan.ts'
import { type LivepeerParts, openMediaDirectory } from '../parts.ts'
import { newTaskId } from '../task/start-task.ts'
import type { TaskRecord } from '../task/task-record.ts'
import type { AssetRecord, AssetSource } from './asset-record.ts'
import { type AssetRequest, newAsset } from './new-asset.ts'

/** What an upload begins with: its asset, the task that makes it, and a directory for its media. */
export function newUpload(
  parts: LivepeerParts,
  principal: Principal,
  body: AssetRequest,
  from: { readonly source: AssetSource; readonly input: MediaRequest['input'] },
): { readonly asset: AssetRecord; readonly task: TaskRecord } {
  const id = newTaskId()
  const { asset, media } = newAsset(parts, principal, body, { task: id, ...from })
  openMediaDirectory(media.directory)
  const { profiles, targetSegmentSizeSecs } = body
  const { url } = from.source
  const task: TaskRecord = {
    id,
    type: 'upload',
    createdAt: asset.createdAt,
    updatedAt: asset.createdAt,
    outputAssetId: asset.id,
    userId: principal.id,
    params: {
      upload: {
        ...(url !== undefined && { url }),
        ...(profiles && { profiles }),
        ...(targetSegmentSizeSecs !== undefined && { targetSegmentSizeSecs }),
      },
    },
    media,
  }
  return { asset, task }
}
