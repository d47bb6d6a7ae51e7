import type { AssetRecord } from '../asset/asset-record.ts'
import { findAsset, showAsset } from '../asset/find-asset.ts'
import { COLLECTIONS } from '../documents.ts'
import { type Call, type Operation, ok } from '../operation.ts'
import { listed } from '../wire/list.ts'

const viewOf = ({ parts, query }: Call) => ({
  mediaUrl: parts.mediaUrl(),
  details: query.details !== undefined && query.details !== '0' && query.details !== 'false',
})

/** GET /asset/:id */
export const getAsset: Operation = async (call) => {
  const { engine, tenant, params } = call
  const { body } = await findAsset(engine, tenant, params.id!)
  return ok(await showAsset(engine, tenant, body, viewOf(call)))
}

const FIELDS: Readonly<Record<string, (asset: AssetRecord) => unknown>> = {
  id: (a) => a.id,
  name: (a) => a.name,
  createdAt: (a) => a.createdAt,
  updatedAt: (a) => a.updatedAt,
  userId: (a) => a.userId,
  creatorId: (a) => a.creatorId?.value,
  playbackId: (a) => a.playbackId,
  projectId: (a) => a.userId,
  phase: (a) => a.phase,
  sourceUrl: (a) => a.source.url,
  sourceType: (a) => a.source.type,
  sourceAssetId: (a) => a.source.assetId,
  sourcePlaybackId: (a) => a.source.playbackId,
  cid: (a) => a.storage?.ipfs.cid,
  nftMetadataCid: (a) => a.storage?.ipfs.nftMetadata?.cid,
  sourceSessionId: () => undefined,
  playbackRecordingId: () => undefined,
  objectStoreId: () => undefined,
  'user.email': () => undefined,
}

/** GET /asset */
export const listAssets: Operation = (call) => assetsWhere(call, () => true)

/** GET /asset/:id/clips */
export const assetClips: Operation = async (call) => {
  const { body } = await findAsset(call.engine, call.tenant, call.params.id!)
  return assetsWhere(call, ({ source }) => source.type === 'clip' && source.assetId === body.id)
}

function assetsWhere(call: Call, test: (asset: AssetRecord) => boolean): ReturnType<Operation> {
  const { engine, tenant, query } = call
  const deleted = query.deleting !== undefined || query.all !== undefined
  const direct = ['playbackId', 'sourceUrl', 'phase', 'cid'].filter((name) => query[name] !== undefined)
  return listed<AssetRecord>(call, {
    collection: COLLECTIONS.asset,
    fields: FIELDS,
    likeFields: ['name', 'user.email'],
    test: (asset) =>
      test(asset) &&
      (deleted || asset.phase !== 'deleting') &&
      direct.every((name) => FIELDS[name]!(asset) === query[name]),
    show: (asset) => showAsset(engine, tenant, asset, viewOf(call)),
  })
}
