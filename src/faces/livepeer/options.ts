import type { Deliver } from '../../core/ports/deliver.ts'

/** What an operator or a test may set. */
export interface LivepeerOptions {
  readonly ffmpeg: string
  readonly ffprobe: string
  /** CIDRs that inputs, buckets, exports and webhooks may reach although they are not public. */
  readonly allowAddresses: readonly string[]
  /** RPC API of an IPFS node; absent: what asks for IPFS is refused. */
  readonly ipfsApi?: string
  /** Directories that stand in for buckets. */
  readonly mediaRoots: readonly string[]
  /** How a webhook's message leaves. Absent: webhooks are kept, and nothing is sent. */
  readonly deliver?: Deliver
  /** Tasks of one user that run at once, and that may wait. */
  readonly mostRunning: number
  readonly mostQueued: number
  /** Waits before a failed step is tried again, ms. */
  readonly backoffMs: { readonly first: number; readonly longest: number }
  /** Largest upload, bytes. */
  readonly mostBytes: number
}

export const DEFAULT_OPTIONS: LivepeerOptions = {
  ffmpeg: 'ffmpeg',
  ffprobe: 'ffprobe',
  allowAddresses: [],
  mediaRoots: [],
  mostRunning: 5,
  mostQueued: 100,
  backoffMs: { first: 30_000, longest: 180_000 },
  mostBytes: 30 * 1024 ** 3,
}
