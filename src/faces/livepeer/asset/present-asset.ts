import type { Execution } from '../../../core/execution.ts'
import { progressOf } from '../task/life-cycle.ts'
import { downloadOf } from './asset-download.ts'
import type { AssetRecord, MediaFile } from './asset-record.ts'

export interface AssetView {
  /** Absolute address that media are served below, without a slash at its end. */
  readonly mediaUrl: string
  /** Tracks are shown only where asked for. */
  readonly details: boolean
  /** Of the task that makes it, while that goes on. */
  readonly execution?: Execution | undefined
  /** How far that had got before a step of it began anew. */
  readonly reached?: number | undefined
}

/** An asset as Livepeer shows it. */
export function presentAsset(asset: AssetRecord, view: AssetView): object {
  const { id, playbackId, name, userId, createdAt, source, creatorId, profiles, playbackPolicy, media } = asset
  return {
    id,
    playbackId,
    userId,
    projectId: userId,
    createdAt,
    name,
    source,
    status: statusOf(asset, view),
    ...(media && mediaOf(media, view.details)),
    ...(creatorId && { creatorId }),
    ...(profiles && { profiles }),
    ...(asset.staticMp4 !== undefined && { staticMp4: asset.staticMp4 }),
    ...(playbackPolicy !== undefined && { playbackPolicy }),
    ...(asset.storage && { storage: asset.storage }),
    ...(asset.phase === 'ready' && {
      playbackUrl: `${view.mediaUrl}/${playbackId}/index.m3u8`,
      downloadUrl: `${view.mediaUrl}/${playbackId}/${downloadOf(asset).path}`,
      ...webmOf(media?.webms ?? [], `${view.mediaUrl}/${playbackId}`),
    }),
  }
}

/** Ours: playback info knows no WebM, its lists of kinds are closed. */
const webmOf = (files: readonly MediaFile[], base: string): object =>
  files.length === 0 ? {} : { webm: files.map((file) => ({ ...file, url: `${base}/${file.name}.webm` })) }

function mediaOf({ size, hash, type, videoSpec }: NonNullable<AssetRecord['media']>, details: boolean): object {
  const { tracks, ...spec } = videoSpec
  return { type, size, hash, videoSpec: details ? { ...spec, tracks } : spec }
}

function statusOf({ phase, updatedAt, errorMessage }: AssetRecord, { execution, reached }: AssetView): object {
  return {
    phase,
    updatedAt,
    ...(phase === 'processing' && execution && { progress: progressOf(execution, reached) }),
    ...(phase === 'failed' && errorMessage !== undefined && { errorMessage }),
  }
}
