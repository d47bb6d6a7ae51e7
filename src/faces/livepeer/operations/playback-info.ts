import type { AssetRecord } from '../asset/asset-record.ts'
import { findPlayback } from '../asset/find-asset.ts'
import { notFound, unprocessable } from '../errors.ts'
import { type Operation, ok } from '../operation.ts'

/** GET /playback/:id, without a key. */
export const playbackInfo: Operation = async ({ parts, engine, params }) => {
  const id = params.id!
  const found = await findPlayback(engine, id)
  if (!found || found.asset.phase === 'deleting') throw notFound(`No playback URL found for ${id}`)
  const { asset } = found
  if (asset.phase !== 'ready' && !asset.sourcePlaybackReady) throw unprocessable('asset is not ready for playback')
  const base = `${parts.mediaUrl()}/${asset.playbackId}`
  const policy = asset.playbackPolicy === undefined ? {} : { playbackPolicy: asset.playbackPolicy }
  return ok({ type: 'vod', meta: { ...policy, source: sourcesOf(asset, base) } })
}

/** In Studio's order: files, best first; the playlist; the thumbnails. */
function sourcesOf({ media }: AssetRecord, base: string): readonly object[] {
  const files = (media?.mp4s ?? []).map(({ name, ...facts }) => ({
    hrn: 'MP4',
    type: 'html5/video/mp4',
    url: `${base}/${name}.mp4`,
    ...facts,
  }))
  const playlist = { hrn: 'HLS (TS)', type: 'html5/application/vnd.apple.mpegurl', url: `${base}/index.m3u8` }
  const thumbnails = { hrn: 'Thumbnails', type: 'text/vtt', url: `${base}/thumbnails/thumbnails.vtt` }
  return [...files, playlist, ...(media?.thumbnails ? [thumbnails] : [])]
}
