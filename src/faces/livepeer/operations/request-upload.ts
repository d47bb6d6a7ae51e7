import { checkPolicy } from '../access/playback-policy.ts'
import { checkAssetRequest } from '../asset/new-asset.ts'
import { newUpload } from '../asset/new-upload.ts'
import { presentAsset } from '../asset/present-asset.ts'
import { putAsset, putPlayback, putTask, putTaskKnown } from '../documents.ts'
import { type Operation, ok } from '../operation.ts'
import { checkQueue } from '../task/start-task.ts'
import { announceAsset, announceTask } from '../webhook/announce.ts'
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
  const from = { source: { type: 'directUpload' }, input: { kind: 'uploaded' } } as const
  const { asset, task } = newUpload(parts, principal, body, from)
  const told = { at: asset.createdAt, version: 0 }
  await engine.saveDocuments([
    putAsset(tenant, asset),
    putPlayback(tenant, asset),
    putTask(tenant, task),
    putTaskKnown(task),
    ...announceAsset(told, 'asset.created', asset, tenant),
    ...announceTask(told, 'task.spawned', task, tenant),
  ])
  parts.wake()
  const claims = { tenant, asset: asset.id, playbackId: asset.playbackId }
  const token = parts.uploadTokens.mint(claims, engine.now() + VALID_MS)
  const base = `${parts.context.publicUrl()}/api/asset/upload`
  return ok({
    url: `${base}/direct?token=${token}`,
    tusEndpoint: `${base}/tus?token=${token}`,
    asset: presentAsset(asset, { mediaUrl: parts.mediaUrl(), details: false }),
    task: { id: task.id },
  })
}
