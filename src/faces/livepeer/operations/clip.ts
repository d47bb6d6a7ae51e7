import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { AssetRecord } from '../asset/asset-record.ts'
import { findPlayback } from '../asset/find-asset.ts'
import { newAsset } from '../asset/new-asset.ts'
import { presentAsset } from '../asset/present-asset.ts'
import { putAsset, putPlayback } from '../documents.ts'
import { notFound, unprocessable } from '../errors.ts'
import { type Call, type Operation, ok } from '../operation.ts'
import { openMediaDirectory } from '../parts.ts'
import { checkQueue, newTaskId, startTask } from '../task/start-task.ts'
import type { TaskRecord } from '../task/task-record.ts'
import { announceAsset } from '../webhook/announce.ts'
import { bodyOf } from '../wire/check-body.ts'
import { Clip } from '../wire/schemas.ts'

const read = bodyOf(Clip)
/** Times below are offsets into the asset; Unix times in ms are far above. */
const OFFSETS_BELOW = 1e9
const UNIX_MS_FROM = 1e10

/** POST /clip. There are no live streams here: `playbackId` is an asset's, times are ms from its beginning. */
export const clipAsset: Operation = async (call) => {
  const { parts, engine, principal, tenant } = call
  const { playbackId, startTime, endTime, name, sessionId } = read(call.body)
  checkTimes(startTime, endTime)
  if (sessionId !== undefined) throw notFound('Session not found')
  const found = await findPlayback(engine, playbackId)
  if (found?.tenant !== tenant || found.asset.phase !== 'ready') throw notFound('Content not found')
  await checkQueue(parts, principal)
  const source = found.asset
  const id = newTaskId()
  const requesterId = requesterOf(call, playbackId)
  const { asset, media } = newAsset(
    parts,
    principal,
    // Who may not see the whole may not see a part of it.
    { name: name ?? `clip-${playbackId}`, ...(source.playbackPolicy && { playbackPolicy: source.playbackPolicy }) },
    {
      task: id,
      source: { type: 'clip', playbackId, assetId: source.id, requesterId },
      input: {
        kind: 'cut',
        from: join(parts.mediaDirectory(playbackId), 'video'),
        startMs: startTime,
        ...(endTime !== undefined && { endMs: endTime }),
      },
      mp4: 'always',
    },
  )
  openMediaDirectory(media.directory)
  const task: TaskRecord = {
    id,
    type: 'clip',
    createdAt: asset.createdAt,
    updatedAt: asset.createdAt,
    inputAssetId: source.id,
    outputAssetId: asset.id,
    userId: principal.id,
    params: { clip: clipParams(parts.mediaUrl(), source, startTime, endTime) },
    media,
  }
  const news = announceAsset({ at: asset.createdAt, version: 0 }, 'asset.created', asset, tenant)
  await startTask(parts, principal, task, [putAsset(tenant, asset), putPlayback(tenant, asset), ...news])
  return ok({ asset: presentAsset(asset, { mediaUrl: parts.mediaUrl(), details: false }), task: { id } })
}

const clipParams = (
  mediaUrl: string,
  { playbackId, id }: AssetRecord,
  startTime: number,
  endTime?: number,
): object => ({
  url: `${mediaUrl}/${playbackId}/index.m3u8`,
  clipStrategy: { playbackId, startTime, ...(endTime !== undefined && { endTime }) },
  inputId: id,
})

function checkTimes(startTime: number, endTime: number | undefined): void {
  for (const [name, value] of Object.entries({ startTime, endTime })) {
    if (value === undefined) continue
    if (value < 0) throw unprocessable(`${name} cannot be negative`)
    if (value >= OFFSETS_BELOW && value < UNIX_MS_FROM)
      throw unprocessable(`${name} is in unix seconds, but should be milliseconds`)
    if (value >= UNIX_MS_FROM)
      throw unprocessable(
        `${name} must be milliseconds from the beginning of the asset: there are no live streams here`,
      )
  }
  if (endTime !== undefined && endTime <= startTime) throw unprocessable('endTime must occur after startTime')
}

const requesterOf = ({ request }: Call, playbackId: string): string =>
  createHash('sha256').update(`${request.ip}:${playbackId}`).digest('hex')
