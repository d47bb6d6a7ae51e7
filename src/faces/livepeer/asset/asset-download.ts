import type { AssetRecord } from './asset-record.ts'

/** The file that an asset is saved as, and sent away as. */
export interface AssetDownload {
  /** Below the directory of its media. */
  readonly path: string
  readonly mime: string
}

/** Containers by the names that facts have for them, as their types end. */
const SUBTYPES: Readonly<Record<string, string>> = {
  mov: 'quicktime',
  mkv: 'x-matroska',
  mpegts: 'mp2t',
  avi: 'x-msvideo',
  flv: 'x-flv',
  asf: 'x-ms-asf',
  mp3: 'mpeg',
}

/** What was uploaded; of a clip, as at Studio, its best MP4: what was cut may be MPEG-TS. */
export function downloadOf({ source, media }: AssetRecord): AssetDownload {
  const best = source.type === 'clip' ? media?.mp4s[0] : undefined
  return best ? { path: `${best.name}.mp4`, mime: 'video/mp4' } : { path: 'video', mime: sourceTypeOf(media) }
}

/** Of the source itself, whatever is offered for saving. */
export function sourceTypeOf(media: AssetRecord['media']): string {
  if (!media) return 'application/octet-stream'
  const { format } = media.videoSpec
  return `${media.type}/${SUBTYPES[format] ?? format}`
}

const SUFFIXES: Readonly<Record<string, string>> = { mpegts: 'ts', mpeg: 'mpg', asf: 'wmv' }

/** What the source is saved as. */
export function sourceFileNameOf(media: AssetRecord['media']): string {
  const format = media?.videoSpec.format
  return `download.${format === undefined ? 'bin' : (SUFFIXES[format] ?? format)}`
}
