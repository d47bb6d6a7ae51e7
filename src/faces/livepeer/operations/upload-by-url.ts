import { eachDocument } from '../../kit/documents.ts'
import { checkPolicy } from '../access/playback-policy.ts'
import type { AssetRecord } from '../asset/asset-record.ts'
import { showAsset } from '../asset/find-asset.ts'
import { type AssetRequest, checkAssetRequest } from '../asset/new-asset.ts'
import { newUpload } from '../asset/new-upload.ts'
import { presentAsset } from '../asset/present-asset.ts'
import { COLLECTIONS, putAsset, putPlayback } from '../documents.ts'
import { notImplemented } from '../errors.ts'
import { type Call, created, type Operation, ok } from '../operation.ts'
import { checkQueue, startTask } from '../task/start-task.ts'
import type { TaskRecord } from '../task/task-record.ts'
import { announceAsset } from '../webhook/announce.ts'
import { bodyOf } from '../wire/check-body.ts'
import { UploadByUrl } from '../wire/schemas.ts'

const read = bodyOf(UploadByUrl)
/** The same URL again within this time is the same upload, while that still goes on, ms. */
const SAME_MS = 15 * 60_000

/** POST /asset/upload/url */
export const uploadByUrl: Operation = async (call) => {
  const { parts, engine, principal, tenant } = call
  const { url, ...body } = read(call.body)
  checkAssetRequest(body)
  await checkPolicy(call, body.playbackPolicy)
  if (!/^https?:/.test(url)) throw notImplemented(`${url.split(':')[0]} addresses are not supported here`)
  const same = await sameUpload(call, url)
  const view = { mediaUrl: parts.mediaUrl(), details: false }
  if (same) return ok({ asset: await showAsset(engine, tenant, same, view), task: { id: same.task } })
  await checkQueue(parts, principal)
  const { asset, task } = await begin(call, body, url)
  return created({ asset: presentAsset(asset, view), task: { id: task.id } })
}

async function begin(
  { parts, principal, tenant }: Call,
  body: AssetRequest,
  url: string,
): Promise<{ readonly asset: AssetRecord; readonly task: TaskRecord }> {
  const from = { source: { type: 'url', url }, input: { kind: 'url', url } } as const
  const { asset, task } = newUpload(parts, principal, body, from)
  const news = announceAsset({ at: asset.createdAt, version: 0 }, 'asset.created', asset, tenant)
  return {
    asset,
    task: await startTask(parts, principal, task, [putAsset(tenant, asset), putPlayback(tenant, asset), ...news]),
  }
}

async function sameUpload({ engine, tenant, principal }: Call, url: string): Promise<AssetRecord | undefined> {
  const since = engine.now() - SAME_MS
  const index = { name: 'sourceUrl', value: url.slice(0, 500) }
  for await (const { body } of eachDocument<AssetRecord>(engine, tenant, COLLECTIONS.asset, { index }))
    if (
      body.source.url === url &&
      body.userId === principal.id &&
      body.createdAt > since &&
      (body.phase === 'waiting' || body.phase === 'processing')
    )
      return body
  return undefined
}
