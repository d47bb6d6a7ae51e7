import type { Tenant } from '../core/identity.ts'
import type { Deliver } from '../core/ports/deliver.ts'
import type { Context } from './context.ts'
import type { Gate } from './gate.ts'
import { type HookRecord, secretPurpose } from './hook-records.ts'
import { signDelivery } from './sign-delivery.ts'
import type { WebhookMessage } from './webhook-format.ts'

export interface SenderParts {
  readonly context: Context
  readonly deliver: Deliver
  /** Bounds the requests under way over all hooks. */
  readonly gate: Gate
}

/** What came of one try: an answer's status, and a problem unless the status is 2xx. */
export interface Outcome {
  readonly status?: number
  readonly problem?: string
}

export const isGood = (outcome: Outcome): boolean => outcome.problem === undefined

/** Signs and sends one hook's messages, and counts how many in a row failed. */
export class HookSender {
  readonly #parts: SenderParts
  readonly #purpose: string
  readonly #signal: AbortSignal
  #failures = 0

  constructor(parts: SenderParts, tenant: Tenant, hook: string, signal: AbortSignal) {
    this.#parts = parts
    this.#purpose = secretPurpose(tenant, hook)
    this.#signal = signal
  }

  get failures(): number {
    return this.#failures
  }

  /** Never rejects. */
  async send(id: string, message: WebhookMessage, hook: HookRecord): Promise<Outcome> {
    const outcome = await this.#parts.gate.through(() => this.#try(id, message, hook))
    this.#failures = isGood(outcome) ? 0 : this.#failures + 1
    return outcome
  }

  async #try(id: string, message: WebhookMessage, hook: HookRecord): Promise<Outcome> {
    const { context, deliver } = this.#parts
    try {
      this.#signal.throwIfAborted()
      const secret = context.vault.open(this.#purpose, hook.sealedSecret)
      const headers = signDelivery(id, message, secret, context.now())
      const { status } = await deliver(hook.url, headers, message.body, this.#signal)
      return status >= 200 && status < 300 ? { status } : { status, problem: `it answered with status ${status}` }
    } catch (error) {
      return { problem: error instanceof Error ? error.message : String(error) }
    }
  }
}
