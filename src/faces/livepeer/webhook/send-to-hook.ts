import { createHmac } from 'node:crypto'
import { asTenant } from '../../../core/identity.ts'
import type { Deliver } from '../../../core/ports/deliver.ts'
import type { Document } from '../../../core/ports/store.ts'
import { changeAgain } from '../../kit/documents.ts'
import type { FaceContext } from '../../kit/face.ts'
import { sharedSecretOf } from './shared-secret.ts'
import type { WebhookRecord } from './webhook-record.ts'

/** What it needs of the face. Without `deliver` nothing is sent. */
export interface HookSender extends Pick<FaceContext, 'engine' | 'vault'> {
  readonly deliver: Deliver | undefined
}

export interface HookMessage {
  readonly timestamp: number
  /** JSON that repeats the time stamp. */
  readonly body: string
}

/** How it went: an answer's status, or why there was none. */
export interface HookOutcome {
  readonly status?: number
  readonly problem?: string
  /** What was sent with it, without what is secret. */
  readonly headers: Readonly<Record<string, string>>
  readonly durationMs: number
}

/** Sends one message to a webhook, signed, once; how it went stands in the webhook afterwards. Rejects only when stopped. */
export async function sendToHook(
  sender: HookSender,
  hook: Document<WebhookRecord>,
  { timestamp, body }: HookMessage,
  signal: AbortSignal,
): Promise<HookOutcome> {
  const { engine, deliver } = sender
  const secret = sharedSecretOf(sender.vault, hook)
  const headers = {
    'content-type': 'application/json',
    // Receivers may look for it.
    'user-agent': 'livepeer.studio',
    ...(secret && { 'livepeer-signature': signature(secret, body, timestamp) }),
  }
  const answer = await (
    deliver?.(hook.body.url, headers, body, signal) ?? Promise.reject(new Error('nothing is sent here'))
  ).catch((error: unknown) => ({ problem: error instanceof Error ? error.message : String(error) }))
  const outcome: HookOutcome = { ...answer, headers, durationMs: engine.now() - timestamp }
  if (!signal.aborted) await noteOutcome(sender, hook, outcome)
  return outcome
}

/** The time is not covered by the signature, but stands in the body as well. */
function signature(secret: string, body: string, timestamp: number): string {
  return `t=${timestamp},v1=${createHmac('sha256', secret).update(body, 'utf8').digest('hex')}`
}

function noteOutcome(
  { engine }: HookSender,
  { tenant, collection, key }: Document<WebhookRecord>,
  { status, problem }: HookOutcome,
): Promise<void> {
  return changeAgain(async () => {
    const found = await engine.document<WebhookRecord>(asTenant(tenant), collection, key)
    if (!found) return
    const at = engine.now()
    const bad = problem !== undefined || (status ?? 0) >= 300
    const failure = {
      timestamp: at,
      ...(problem !== undefined && { error: problem }),
      ...(status !== undefined && { statusCode: status }),
    }
    const lastFailure = bad ? failure : found.body.status?.lastFailure
    const body: WebhookRecord = { ...found.body, status: { lastTriggeredAt: at, ...(lastFailure && { lastFailure }) } }
    const { sort, version } = found
    await engine.saveDocuments([{ kind: 'document.put', tenant, collection, key, sort, body, expected: version }])
  })
}
