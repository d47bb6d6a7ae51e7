/**
 * Tokens for programs: what a running attempt calls the API with. Nothing is stored; the token says whose attempt it is
 * and proves it with an HMAC under a key derived from the operator's key file. It counts only while the attempt is its
 * step's present one: the engine fences every call.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { AttemptId, Principal, Tenant } from '../../core/identity.ts'
import { asTenant, attemptKeyOf } from '../../core/identity.ts'
import { FACE } from './parse.ts'

export const TASK_TOKEN_PURPOSE = 'native/task-token'
const PREFIX = 'tpt_'

export const attemptGrant = (attempt: string): string => `attempt:${attempt}`

/** `key` is derived for `TASK_TOKEN_PURPOSE`. */
export function mintTaskToken(key: Uint8Array, tenant: Tenant, attempt: AttemptId): string {
  const claim = Buffer.from(JSON.stringify([tenant, attempt]), 'utf8').toString('base64url')
  return `${PREFIX}${claim}.${proofOf(key, claim).toString('base64url')}`
}

/** Undefined when the token is not one of ours. */
export function verifyTaskToken(key: Uint8Array, token: string): Principal | undefined {
  if (!token.startsWith(PREFIX)) return undefined
  const [claim, proof, ...rest] = token.slice(PREFIX.length).split('.')
  if (!claim || !proof || rest.length > 0) return undefined
  const [given, expected] = [Buffer.from(proof, 'base64url'), proofOf(key, claim)]
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined
  const [tenant, attempt] = JSON.parse(Buffer.from(claim, 'base64url').toString('utf8')) as [string, string]
  const execution = attemptKeyOf(attempt)?.execution
  if (execution === undefined) return undefined
  return {
    id: `task:${execution}`,
    kind: 'task',
    tenant: asTenant(tenant),
    face: FACE,
    grants: [attemptGrant(attempt)],
  }
}

const proofOf = (key: Uint8Array, claim: string): Buffer => createHmac('sha256', key).update(claim).digest()
