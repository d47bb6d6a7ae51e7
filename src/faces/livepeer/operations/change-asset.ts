import { isDeepStrictEqual } from 'node:util'
import { changeAgain } from '../../kit/documents.ts'
import { checkPolicy, checkPolicyChange } from '../access/playback-policy.ts'
import type { AssetRecord } from '../asset/asset-record.ts'
import { findAnyAsset, findAsset, showAsset } from '../asset/find-asset.ts'
import { wantsIpfs } from '../asset/new-asset.ts'
import { COLLECTIONS, FACE_TENANT, putAsset, sortable } from '../documents.ts'
import { badRequest, notFound, unprocessable } from '../errors.ts'
import { type Call, NO_CONTENT, type Operation, ok } from '../operation.ts'
import { findTask } from '../task/find-task.ts'
import { checkIpfs, pinAsset } from '../task/pin-task.ts'
import { restartTask } from '../task/restart-task.ts'
import { announceAsset } from '../webhook/announce.ts'
import type { WebhookEvent } from '../webhook/webhook-record.ts'
import { bodyOf } from '../wire/check-body.ts'
import { PatchAsset } from '../wire/schemas.ts'

const read = bodyOf(PatchAsset)

/** PATCH /asset/:id */
export const patchAsset: Operation = async (call) => {
  const { parts, engine, tenant } = call
  const { name, creatorId, playbackPolicy, storage } = read(call.body)
  await checkPolicy(call, playbackPolicy)
  if (wantsIpfs(storage)) checkIpfs(call, undefined)
  const asset = await change(call, 'asset.updated', (before) => {
    if (before.phase === 'deleting') throw notFound('Asset not found')
    if (before.phase !== 'ready') throw unprocessable('asset is not ready')
    checkPolicyChange(before.playbackPolicy, playbackPolicy)
    return {
      ...before,
      ...(name !== undefined && { name }),
      ...(creatorId !== undefined && {
        creatorId: typeof creatorId === 'string' ? { type: 'unverified', value: creatorId } : creatorId,
      }),
      ...(playbackPolicy !== undefined && { playbackPolicy }),
    }
  })
  const stored = await withStorage(call, asset, storage)
  return ok(await showAsset(engine, tenant, stored, { mediaUrl: parts.mediaUrl(), details: false }))
}

/** A new wish for IPFS begins an export; the same again does nothing. */
async function withStorage(call: Call, asset: AssetRecord, storage: unknown): Promise<AssetRecord> {
  const { engine, tenant } = call
  const given = (storage as { readonly ipfs?: true | { readonly spec?: object } } | undefined)?.ipfs
  if (given === undefined) return asset
  const before = asset.storage?.ipfs.spec ?? null
  const spec = wantsIpfs(storage) ? (given === true ? {} : (given.spec ?? {})) : null
  if (isDeepStrictEqual(spec, before)) return asset
  if (spec === null) throw badRequest('Cannot remove asset from IPFS')
  const { body, version } = await findAsset(engine, tenant, asset.id)
  await pinAsset(call, body, version, spec)
  return (await findAsset(engine, tenant, asset.id)).body
}

/** DELETE /asset/:id: what makes it is stopped; its files go. */
export const deleteAsset: Operation = async (call) => {
  const { engine, tenant, principal, parts } = call
  const asset = await change(call, 'asset.deleted', (before) => {
    if (before.phase === 'deleting') throw badRequest('asset is already deleted')
    return { ...before, phase: 'deleting', restorePhase: before.phase }
  })
  const task = await findTask(engine, tenant, asset.task).catch(() => undefined)
  if (task?.body.execution && !task.body.end)
    await engine.stop(tenant, task.body.execution, { message: 'its asset was deleted', by: principal.id, graceMs: 0 })
  parts.wake()
  return NO_CONTENT
}

/** POST /asset/:id/restore */
export const restoreAsset: Operation = async (call) => {
  const { engine } = call
  const asset = await change(call, 'asset.updated', (before) => {
    if (before.phase !== 'deleting') throw badRequest('asset is not deleted')
    const { restorePhase, ...rest } = before
    // What was being made was stopped when it was deleted.
    const phase = restorePhase === 'ready' || restorePhase === 'uploading' ? restorePhase : 'failed'
    return { ...rest, phase }
  })
  await engine.saveDocuments([
    { kind: 'document.delete', tenant: FACE_TENANT, collection: COLLECTIONS.garbage, key: purgeKey(asset) },
  ])
  return NO_CONTENT
}

/** POST /asset/:id/retry */
export const retryAsset: Operation = async ({ parts, engine, principal, tenant, params }) => {
  const { body } = await findAsset(engine, tenant, params.id!)
  if (body.phase !== 'failed') throw badRequest('Asset is not failed')
  const task = await findTask(engine, tenant, body.task)
  await restartTask(parts, principal, task)
  return NO_CONTENT
}

/** A deleted asset can be restored until then, ms. */
const PURGE_AFTER_MS = 7 * 24 * 3_600_000

const purgeKey = ({ id }: AssetRecord): string => `purge:${id}`

function change(
  { engine, tenant, params, parts }: Call,
  event: WebhookEvent,
  to: (before: AssetRecord) => AssetRecord,
): Promise<AssetRecord> {
  return changeAgain(async () => {
    const found = await findAnyAsset(engine, tenant, params.id!)
    const at = engine.now()
    const body: AssetRecord = { ...to(found.body), updatedAt: at }
    const news = announceAsset({ at, version: `${found.version}` }, event, body, tenant)
    const purge = { directory: parts.mediaDirectory(body.playbackId), keepInput: false, notBefore: at + PURGE_AFTER_MS }
    await engine.saveDocuments([
      putAsset(tenant, body, found.version),
      ...news,
      ...(event === 'asset.deleted'
        ? [
            {
              kind: 'document.put' as const,
              tenant: FACE_TENANT,
              collection: COLLECTIONS.garbage,
              key: purgeKey(body),
              body: purge,
              sort: sortable(purge.notBefore),
            },
          ]
        : []),
    ])
    parts.wake()
    return body
  })
}
