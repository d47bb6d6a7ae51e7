import type { Execution } from '../../../core/execution.ts'
import { stepsOf } from '../../../core/execution.ts'
import { type MediaFacts, videoOf } from '../../../media/media-facts.ts'
import type { AssetMedia, AssetRecord, MediaFile } from './asset-record.ts'

/** What the publishing step of a finished task said; undefined when it said nothing. */
export function publishedMedia(execution: Execution): AssetMedia | undefined {
  const ordinal = stepsOf(execution).findIndex((step) => step.name === 'publish')
  const outputs = execution.status.steps[ordinal]?.outputs
  if (!outputs?.facts || !outputs.size || !outputs.hash) return undefined
  const facts = JSON.parse(outputs.facts) as MediaFacts
  const { format, duration, bitrate, tracks } = facts
  const trackBits = tracks.reduce((sum, track) => sum + track.bitrate, 0)
  return {
    size: JSON.parse(outputs.size) as number,
    hash: JSON.parse(outputs.hash) as AssetMedia['hash'],
    type: videoOf(facts) ? 'video' : 'audio',
    videoSpec: { format, duration, bitrate: trackBits || bitrate, tracks },
    mp4s: filesIn(outputs, 'mp4'),
    webms: filesIn(outputs, 'webm'),
    thumbnails: videoOf(facts) !== undefined,
  }
}

/** Best first. */
const filesIn = (outputs: Readonly<Record<string, string>>, kind: 'mp4' | 'webm'): readonly MediaFile[] =>
  Object.entries(outputs)
    .filter(([key]) => key.startsWith(`${kind}_`))
    .map(([, text]) => JSON.parse(text) as MediaFile)
    .sort((a, b) => b.bitrate - a.bitrate)

/** What a finished task says of its asset. Real Studio leaves out id and source, on which its own SDKs then fail. */
export const assetSpecOf = ({ id, name, source, playbackId }: AssetRecord, media: AssetMedia): object => ({
  id,
  name,
  source,
  playbackId,
  type: media.type,
  size: media.size,
  hash: media.hash,
  videoSpec: media.videoSpec,
})
