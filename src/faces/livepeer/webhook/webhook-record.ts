/** All that can be asked for, as at Studio: its clients know no others. Of live streams there are never news here. */
export const WEBHOOK_EVENTS = [
  'stream.started',
  'stream.detection',
  'stream.idle',
  'recording.ready',
  'recording.started',
  'recording.waiting',
  'multistream.connected',
  'multistream.error',
  'multistream.disconnected',
  'playback.user.new',
  'asset.created',
  'asset.updated',
  'asset.ready',
  'asset.failed',
  'asset.deleted',
  'task.spawned',
  'task.updated',
  'task.completed',
  'task.failed',
  'playback.accessControl',
] as const

export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number]

export interface WebhookRecord {
  readonly id: string
  readonly name: string
  readonly url: string
  readonly userId: string
  readonly events: readonly string[]
  /** Shown again, as Studio does: sealed, not hashed (`shared-secret.ts`). */
  readonly sealedSecret?: string
  readonly createdAt: number
  readonly status?: {
    readonly lastTriggeredAt?: number
    readonly lastFailure?: { readonly timestamp: number; readonly error?: string; readonly statusCode?: number }
  }
}

/** A message that waits to be handed to a tenant's webhooks. */
export interface NewsRecord {
  readonly tenant: string
  readonly id: string
  readonly createdAt: number
  readonly event: string
  readonly payload: object
}

/** One webhook's copy of it, until it was delivered or given up. */
export interface DeliveryRecord extends NewsRecord {
  readonly webhookId: string
  readonly tries: number
  readonly dueAt: number
}
