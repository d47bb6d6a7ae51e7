import type { Exit } from './exit.ts'
import { shellCode, succeeded } from './exit.ts'

/** Trying again: one policy, for a step (a new attempt) and for an execution (a new allocation). */
export interface RetryPolicy {
  /** `failure`: any exit but success. `any`: success too (a service that must not end). */
  readonly on: 'failure' | 'any'
  /** How many times to try again at most; undefined is for ever. */
  readonly limit?: number
  /** Exit codes after which it is not tried again. */
  readonly ignoredExitCodes?: readonly number[]
  /** When given, only these exit codes are tried again. */
  readonly exitCodes?: readonly number[]
  /** An attempt shorter than this is not tried again, ms. */
  readonly minimumUptimeMs?: number
  readonly backoff?: Backoff
  /** Whether an attempt that was lost may run twice. Default: `on: 'failure'` says yes. */
  readonly whenLost?: boolean
}

export interface Backoff {
  readonly initialMs: number
  /** Multiplies the wait after every try. 1 is constant. */
  readonly factor: number
  readonly maximumMs: number
}

export const DEFAULT_BACKOFF: Backoff = { initialMs: 1_000, factor: 2, maximumMs: 300_000 }

/** Wait before try `retry` (1 is the first one again), ms. */
export function backoffMs(backoff: Backoff, retry: number): number {
  const wait = backoff.initialMs * backoff.factor ** Math.max(0, retry - 1)
  return Math.min(backoff.maximumMs, Math.round(wait))
}

/** Whether `policy` asks for another try after `exit`, the `retry`-th one, which ran for `uptimeMs`. */
export function shouldRetry(policy: RetryPolicy | undefined, exit: Exit, retry: number, uptimeMs: number): boolean {
  if (policy === undefined) return false
  if (policy.limit !== undefined && retry > policy.limit) return false
  if (exit.outcome === 'lost') return policy.whenLost ?? true
  if (succeeded(exit) && policy.on !== 'any') return false
  if (policy.minimumUptimeMs !== undefined && uptimeMs < policy.minimumUptimeMs) return false
  const code = shellCode(exit)
  if (code !== undefined && policy.ignoredExitCodes?.includes(code)) return false
  if (policy.exitCodes !== undefined) return code !== undefined && policy.exitCodes.includes(code)
  return true
}
