import type { Static } from 'typebox'
import type { WantedProfile } from '../../../media/profile.ts'
import type { PlaybackPolicy as PolicySchema } from '../wire/schemas.ts'

export type AssetPhase = 'uploading' | 'waiting' | 'processing' | 'ready' | 'failed' | 'deleting'

/** An asset as stored. */
export interface AssetRecord {
  readonly id: string
  readonly playbackId: string
  readonly name: string
  readonly userId: string
  readonly createdAt: number
  readonly updatedAt: number
  readonly source: AssetSource
  readonly phase: AssetPhase
  /** The phase before it was deleted. */
  readonly restorePhase?: AssetPhase
  readonly errorMessage?: string
  /** The task that makes it. */
  readonly task: string
  readonly sourcePlaybackReady?: boolean
  readonly creatorId?: { readonly type: 'unverified'; readonly value: string }
  readonly profiles?: readonly WantedProfile[]
  readonly staticMp4?: boolean
  readonly playbackPolicy?: PlaybackPolicy | null
  readonly media?: AssetMedia
  readonly storage?: AssetStorage
}

/** Where else it lies: on IPFS, since an export told so. */
export interface AssetStorage {
  readonly ipfs: {
    readonly spec: object | null
    readonly cid?: string
    readonly url?: string
    readonly nftMetadata?: { readonly cid: string; readonly url: string }
    readonly updatedAt?: number
  }
  readonly status: {
    readonly phase: 'waiting' | 'processing' | 'ready' | 'failed' | 'reverted'
    readonly errorMessage?: string
    readonly tasks: { readonly pending?: string; readonly last?: string; readonly failed?: string }
  }
}

export interface AssetSource {
  readonly type: 'url' | 'directUpload' | 'clip'
  readonly url?: string
  readonly playbackId?: string
  readonly assetId?: string
  readonly requesterId?: string
}

export type PlaybackPolicy = Static<typeof PolicySchema>

/** What publishing found and made. */
export interface AssetMedia {
  readonly size: number
  readonly hash: readonly { readonly hash: string; readonly algorithm: string }[]
  readonly type: 'video' | 'audio'
  readonly videoSpec: VideoSpec
  readonly mp4s: readonly MediaFile[]
  /** What no playlist can hold; absent of assets made before there were any. */
  readonly webms?: readonly MediaFile[]
  readonly thumbnails: boolean
}

export interface VideoSpec {
  readonly format: string
  readonly duration: number
  readonly bitrate: number
  readonly tracks: readonly object[]
}

/** One rendition as a file of its own. */
export interface MediaFile {
  readonly name: string
  readonly size: number
  readonly bitrate: number
  readonly width?: number
  readonly height?: number
}
