/** What the store holds of a webhook: the hook, how far its deliveries have come, and those that are tried again. */
import type { Tenant } from '../core/identity.ts'
import type { Instant } from '../core/instant.ts'
import type { DocumentPut } from '../core/ports/store.ts'
import type { WebhookMessage } from './webhook-format.ts'

export const HOOKS = 'taskport/webhook'
export const PROGRESS = 'taskport/outbox'
export const DELIVERIES = 'taskport/delivery'

export interface HookRecord {
  readonly url: string
  readonly sealedSecret: string
  readonly kinds?: readonly string[]
  readonly labels?: Readonly<Record<string, string>>
  readonly format?: string
  readonly active: boolean
  readonly createdAt: Instant
}

export interface HookProgress {
  /** Everything before it was tried; absent: begin with the oldest event kept. */
  readonly cursor?: string
  /** Behind the cursor, events up to this position were tried as well. */
  readonly done: number
  /** Deliveries that wait to be tried again. */
  readonly pending: number
  readonly last?: { readonly at: Instant; readonly status?: number; readonly problem?: string }
}

/** A delivery that failed and is tried again. */
export interface PendingDelivery {
  readonly id: string
  readonly hook: string
  readonly message: WebhookMessage
  readonly tries: number
  readonly dueAt: Instant
}

export const secretPurpose = (tenant: Tenant, hook: string): string => `webhook/${tenant}/${hook}`

export const putHook = (tenant: Tenant, id: string, body: HookRecord): DocumentPut => ({
  kind: 'document.put',
  tenant,
  collection: HOOKS,
  key: id,
  sort: String(body.createdAt).padStart(16, '0'),
  body,
})

export const putProgress = (tenant: Tenant, hook: string, body: HookProgress, expected?: number): DocumentPut => ({
  kind: 'document.put',
  tenant,
  collection: PROGRESS,
  key: hook,
  body,
  ...(expected !== undefined && { expected }),
})

export const putDelivery = (tenant: Tenant, body: PendingDelivery): DocumentPut => ({
  kind: 'document.put',
  tenant,
  collection: DELIVERIES,
  key: body.id,
  sort: body.hook,
  indexes: { hook: body.hook },
  body,
})
