import type { ConcurrencyLimit, Execution, Trigger } from '../core/execution.ts'
import type { ExecutionId, NodeId, Principal } from '../core/identity.ts'
import type { Instant } from '../core/instant.ts'
import type { PlacementSpec } from '../core/placement.ts'
import type { Plan } from '../core/plan.ts'
import type { Change } from '../core/ports/store.ts'
import type { Reason } from '../core/reason.ts'
import type { Reservation } from '../core/resources.ts'
import type { RetryPolicy } from '../core/retry-policy.ts'

/** One execution asked for. What is absent comes from the task, then from the engine's defaults. */
export interface SubmissionRequest {
  /** Made beforehand with `engine.newExecutionId()` when the caller must know it (names in its plan, tokens). */
  readonly id?: ExecutionId
  /** A registered task, newest active revision unless given … */
  readonly task?: { readonly name: string; readonly revision?: number }
  /** … or a plan of its own. With both, the plan is used and the task is only named (a face resolved it itself). */
  readonly plan?: Plan
  readonly name?: string
  readonly face: string
  readonly trigger?: Trigger
  readonly timeoutMs?: number
  readonly expiresAt?: Instant
  readonly expiryIgnoresCapacity?: boolean
  readonly notBefore?: Instant
  readonly retry?: RetryPolicy
  readonly priority?: number
  readonly concurrency?: readonly ConcurrencyLimit[]
  /** Default `queue`. `refuse`: answered with `refused` when no node has room now; nothing is stored. */
  readonly ifNoRoom?: 'refuse' | 'queue'
  readonly placement?: PlacementSpec
  /** What is reserved at least: room for steps that will be appended. */
  readonly reservation?: Reservation
  readonly key?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly refs?: Readonly<Record<string, string>>
  readonly retentionMs?: number
  /** Environment that every run step gets on top of its own. */
  readonly env?: Readonly<Record<string, string>>
  /** The face's own records, in the very commit that accepts the execution. */
  readonly changes?: readonly Change[]
}

export interface SubmitOptions {
  /** Same key and same fingerprint → the same answer again, refusals included, if anything was accepted; other
   *  fingerprint → EngineError `conflict` with facts.executions. Scoped to tenant and face. Kept as long as the
   *  executions are. */
  readonly idempotency?: { readonly key: string; readonly fingerprint: string }
}

export type SubmitResult =
  | { readonly kind: 'accepted'; readonly execution: Execution; readonly repeated: boolean }
  | { readonly kind: 'refused'; readonly reason: Reason; readonly shortfalls: readonly NodeShortfall[] }

/** Why one node could not take it. */
export interface NodeShortfall {
  readonly node: NodeId
  readonly lacks: 'cpu' | 'memory' | 'ports' | 'constraint' | 'distinct' | 'executor' | 'slots' | 'draining' | 'gone'
  readonly detail?: string
}

export type { Principal }
