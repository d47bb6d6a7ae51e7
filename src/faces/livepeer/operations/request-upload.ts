import { checkPolicy } from '../access/playback-policy.ts'
import { checkAssetRequest, newAsset } from '../asset/new-asset.ts'
import { presentAsset } from '../asset/present-asset.ts'
import { putAsset, putPlayback, putTask } from '../documents.ts'
import { type Operation, ok } from '../operation.ts'
import { openMediaDirectory } from '../parts.ts'
import { checkQueue, newTaskId } from '../task/start-task.ts'
import type { TaskRecord } from '../task/task-record.ts'
import { announceAsset, announceTaskOf } from '../webhook/announce.ts'
import { bodyOf } from '../wire/check-body.ts'
import { RequestUpload } from '../wire/schemas.ts'

const read = bodyOf(RequestUpload)
/** How long an upload may begin, ms. */
const VALID_MS = 12 * 3_600_000

/** POST /asset/request-upload: the task waits for bytes that come by PUT or tus. */
export const requestUpload: Operation = async (call) => {
  const { parts, engine, principal, tenant } = call
  const body = read(call.body)
  checkAssetRequest(body)
  await checkPolicy(call, body.playbackPolicy)
  await checkQueue(parts, principal)
  const id = newTaskId()
  const { asset, media } = newAsset(parts, principal, body, {
    task: id,
    source: { type: 'directUpload' },
    input: { kind: 'uploaded' },
  })
  openMediaDirectory(media.directory)
  const task: TaskRecord = {
    id,
    type: 'upload',
    createdAt: asset.createdAt,
    updatedAt: asset.createdAt,
    outputAssetId: asset.id,
    userId: principal.id,
    params: { upload: body.profiles ? { profiles: body.profiles } : {} },
    media,
  }
  const told = { at: asset.createdAt, version: 0 }
  await engine.saveDocuments([
    putAsset(tenant, asset),
    putPlayback(tenant, asset),
    putTask(tenant, task),
    ...announceAsset(told, 'asset.created', asset, tenant),
    ...announceTaskOf(tenant, told, 'task.spawned', task),
  ])
  parts.wake()
  const claims = { tenant, asset: asset.id, playbackId: asset.playbackId }
  const token = parts.uploadTokens.mint(claims, engine.now() + VALID_MS)
  const base = `${parts.context.publicUrl()}/api/asset/upload`
  return ok({
    url: `${base}/direct?token=${token}`,
    tusEndpoint: `${base}/tus?token=${token}`,
    asset: presentAsset(asset, { mediaUrl: parts.mediaUrl(), details: false }),
    task: { id },
  })
}
