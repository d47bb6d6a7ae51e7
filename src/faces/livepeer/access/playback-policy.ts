import type { PlaybackPolicy } from '../asset/asset-record.ts'
import { COLLECTIONS } from '../documents.ts'
import { badRequest, notImplemented, unprocessable } from '../errors.ts'
import type { Call } from '../operation.ts'

type Wanted = PlaybackPolicy | null | undefined

/** A policy that could not be enforced is refused, never kept and ignored. Texts: studio `controllers/asset.ts` (2025). */
export async function checkPolicy({ engine, tenant }: Call, policy: Wanted): Promise<void> {
  if (!policy) return
  if (policy.type === 'lit_signing_condition')
    throw notImplemented('playback policy lit_signing_condition is not supported here')
  if (policy.type === 'webhook') {
    const { webhookId = '' } = policy
    const hook = await engine.document(tenant, COLLECTIONS.webhook, webhookId)
    if (!hook) throw badRequest(`webhook ${webhookId} not found`)
  }
  const origins = policy.allowedOrigins ?? []
  if (!(origins.length === 1 && origins[0] === '*') && !origins.every(isOrigin))
    throw badRequest('allowedOrigins must be a list of valid origins <scheme>://<hostname>:<port>')
}

/** What is public stays so, and what is not as well: who was given its address keeps it. */
export function checkPolicyChange(before: Wanted, after: Wanted): void {
  if (after !== undefined && isPrivate(before) !== isPrivate(after))
    throw unprocessable('cannot update playback policy from private to public or vice versa')
}

const isPrivate = (policy: Wanted): boolean => policy?.type !== undefined && policy.type !== 'public'

const isOrigin = (text: string): boolean =>
  /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text.toLowerCase()

/** Whether pages of this origin may play it; undefined: any may. */
export function mayEmbed(policy: Wanted, origin: string): boolean {
  const origins = policy?.allowedOrigins ?? []
  return origins.length === 0 || origins.includes('*') || origins.includes(origin)
}
