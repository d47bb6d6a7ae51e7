import type { ExecutionId } from '../../../core/identity.ts'
import type { MediaRequest } from '../../../media/media-plan.ts'

export type TaskType = 'upload' | 'export' | 'export-data' | 'transcode-file' | 'clip'
export type TaskPhase = 'pending' | 'waiting' | 'running' | 'completed' | 'failed' | 'cancelled'

/** A task as stored. While its execution goes on, what it is doing is read there; how it ended is kept here. */
export interface TaskRecord {
  readonly id: string
  readonly type: TaskType
  readonly createdAt: number
  readonly updatedAt: number
  readonly scheduledAt?: number
  readonly inputAssetId?: string
  readonly outputAssetId?: string
  readonly userId: string
  /** As shown: secrets are masked before they get here. */
  readonly params: Readonly<Record<string, unknown>>
  /** The newest one; absent while it waits for an upload. */
  readonly execution?: ExecutionId
  readonly media?: MediaRequest
  readonly transcode?: TranscodeTarget
  readonly send?: SendTarget
  readonly pin?: PinTarget
  /** How far it had got before a step began anew, 0–1: what is shown never falls. */
  readonly reached?: number
  readonly end?: TaskEnd
}

/** Where a transcode-file task writes; what opens the bucket lies in the tenant's secrets under `secret`. */
export interface TranscodeTarget {
  readonly endpoint: string
  readonly bucket: string
  readonly secret: string
  readonly outputs: Readonly<Partial<Record<'hls' | 'mp4' | 'fmp4', string>>>
  readonly baseUrl?: string
}

/** What an export sends, and where. */
export interface SendTarget {
  readonly directory: string
  readonly file: string
  readonly url: string
  readonly method: 'PUT' | 'POST'
  readonly headers: Readonly<Record<string, string>>
}

/** What is pinned at the operator's IPFS node. */
export interface PinTarget {
  readonly directory: string
  readonly file?: string
  readonly content?: object
  readonly metadata?: Readonly<Record<string, unknown>>
}

export interface TaskEnd {
  readonly phase: 'completed' | 'failed' | 'cancelled'
  readonly at: number
  readonly errorMessage?: string
  readonly retries: number
  readonly output?: object
}
