import { join } from 'node:path'
import type { MediaFacts } from './media-facts.ts'
import type { Profile, WantedProfile } from './profile.ts'

/** What every media program is told, as JSON in its one argument. */
export interface Job {
  /** The directory that the media are published in; work goes on in `.work` below it. */
  readonly directory: string
  readonly ffmpeg: string
  readonly ffprobe: string
  /** ffmpeg that gets on with nothing for this long is killed, ms. Absent: five minutes. */
  readonly stallMs?: number
  /** CIDRs that may be reached although they are not public. */
  readonly allowAddresses: readonly string[]
}

export interface FetchJob extends Job {
  /** Absent: the bytes were uploaded already. */
  readonly url?: string
  readonly bucket?: { readonly endpoint: string; readonly bucket: string; readonly path: string }
  readonly headers?: Readonly<Record<string, string>>
  readonly mostBytes: number
}

export interface ProbeJob extends Job {
  readonly profiles?: readonly WantedProfile[]
  /** Below the server's address: where what was found is reported, so that the steps that follow from it are added. */
  readonly report: string
}

export interface RenditionsJob extends Job {
  readonly profiles: readonly Profile[]
  readonly facts: MediaFacts
  readonly segmentSeconds: number
  readonly thumbnails: boolean
}

export interface SourceJob extends Job {
  readonly facts: MediaFacts
  readonly segmentSeconds: number
}

export interface PackageJob extends Job {
  readonly facts: MediaFacts
  readonly profiles: readonly Profile[]
  readonly mp4: boolean
  /** One file a rendition with playlists for HLS and DASH. */
  readonly fmp4?: boolean
}

export interface PublishJob extends PackageJob {
  readonly thumbnails: boolean
}

export interface CutJob extends Job {
  /** File to cut from. */
  readonly from: string
  readonly startMs: number
  /** Absent: to its end. */
  readonly endMs?: number
}

/** Where a task's files lie while they are made. */
export const workOf = (job: Job): string => join(job.directory, '.work')
/** The input, as fetched or uploaded. */
export const sourceOf = (job: Job): string => join(job.directory, 'video')

export interface SendJob extends Job {
  readonly file: string
  readonly url: string
  readonly method: 'PUT' | 'POST'
  readonly headers: Readonly<Record<string, string>>
}

export interface PinJob extends Job {
  /** Kubo's RPC API. */
  readonly api: string
  /** Absent: `content` is pinned. */
  readonly file?: string
  readonly content?: object
  /** Pinned as well, with the file's address in it. */
  readonly metadata?: Readonly<Record<string, unknown>>
}

export interface StoreJob extends PublishJob {
  readonly endpoint: string
  readonly bucket: string
  /** Where in the bucket, each from its root. */
  readonly outputs: Readonly<Partial<Record<'hls' | 'mp4' | 'fmp4', string>>>
}
