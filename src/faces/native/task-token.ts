import type { AttemptId, Principal, Tenant } from '../../core/identity.ts'
import { attemptKeyOf } from '../../core/identity.ts'
import { SignedTokens } from '../kit/signed-token.ts'
import { FACE } from './parse.ts'

export const TASK_TOKEN_PURPOSE = 'native/task-token'
const PREFIX = 'tpt_'

export const attemptGrant = (attempt: string): string => `attempt:${attempt}`

/**
 * Tokens for programs: what a running attempt calls the API with. One says whose attempt it is; it counts only while
 * the attempt is its step's present one: the engine fences every call.
 */
export class TaskTokens {
  readonly #tokens: SignedTokens<readonly [Tenant, AttemptId]>

  /** `key` is derived for `TASK_TOKEN_PURPOSE`. */
  constructor(key: Uint8Array) {
    this.#tokens = new SignedTokens(key, TASK_TOKEN_PURPOSE)
  }

  mint(tenant: Tenant, attempt: AttemptId): string {
    return `${PREFIX}${this.#tokens.mint([tenant, attempt])}`
  }

  /** Undefined when the token is not one of ours. */
  principal(token: string): Principal | undefined {
    const claims = token.startsWith(PREFIX) ? this.#tokens.claims(token.slice(PREFIX.length), 0) : undefined
    if (!claims) return undefined
    const [tenant, attempt] = claims
    const execution = attemptKeyOf(attempt)?.execution
    if (execution === undefined) return undefined
    return { id: `task:${execution}`, kind: 'task', tenant, face: FACE, grants: [attemptGrant(attempt)] }
  }
}
