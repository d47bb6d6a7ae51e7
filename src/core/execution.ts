/**
 * The execution: one run of a plan. `submission` never changes after it was accepted, its labels excepted; `status`
 * changes only through `advance` (see advance.ts), one version at a time.
 *
 * X1. An execution holds at most one allocation that is not closed.
 * X2. A final execution never changes again, but for its labels.
 * X3. `stopCause` is written once; a later stop may only shorten its grace.
 * X4. An attempt's number rises by one per try of its step, over all epochs.
 */

import type { Exit, Usage } from './exit.ts'
import type { AllocationId, ExecutionId, NodeId, Principal, Tenant } from './identity.ts'
import type { Instant } from './instant.ts'
import type { PlacementSpec } from './placement.ts'
import type { Plan } from './plan.ts'
import type { Reason } from './reason.ts'
import type { Reservation } from './resources.ts'
import type { RetryPolicy } from './retry-policy.ts'
import type { StepSpec, StopHow } from './step-spec.ts'

export type ExecutionState =
  | 'pending'
  | 'starting'
  | 'running'
  | 'stopping'
  | 'succeeded'
  | 'failed'
  | 'cancelled'
  | 'lost'
export type StepState =
  | 'waiting'
  | 'starting'
  | 'running'
  | 'stopping'
  | 'succeeded'
  | 'failed'
  | 'stopped'
  | 'skipped'
  | 'lost'

export interface Execution {
  readonly id: ExecutionId
  readonly tenant: Tenant
  readonly submission: Submission
  readonly status: ExecutionStatus
  /** Rises by one with every commit; the store compares it. */
  readonly version: number
}

/** What was asked for, whole and immutable but for its labels. */
export interface Submission {
  readonly name?: string
  readonly task?: { readonly name: string; readonly revision: number }
  readonly plan: Plan
  readonly trigger: Trigger
  readonly principal: Principal
  readonly acceptedAt: Instant
  /** Limit on the whole execution from acceptance of its first allocation, ms. */
  readonly timeoutMs?: number
  /** Never start later than this: it fails as `expired`. */
  readonly expiresAt?: Instant
  /** Waiting for room, a turn or under a limit is not held against it: it expires where nothing there is would take it. */
  readonly expiryIgnoresCapacity?: boolean
  /** Not placed before. */
  readonly notBefore?: Instant
  /** Trying the whole execution again, on a new allocation. */
  readonly retry?: RetryPolicy
  /** Higher goes first. */
  readonly priority: number
  readonly concurrency?: readonly ConcurrencyLimit[]
  readonly ifNoRoom: 'refuse' | 'queue'
  readonly placement?: PlacementSpec
  readonly reservation: Reservation
  /** Key by which an `await` step of another execution finds it. */
  readonly key?: string
  /** Shown to users, filterable; the one part that may change later, also after the end. */
  readonly labels: Readonly<Record<string, string>>
  /** A face's own indexed facts, set at submission: app, family, startedBy … */
  readonly refs: Readonly<Record<string, string>>
  /** Which face accepted it. */
  readonly face: string
  /** Delete that long after its end; absent: the operator's default, ms. */
  readonly retentionMs?: number
}

export interface Trigger {
  readonly kind: 'api' | 'schedule' | 'event' | 'retry' | 'dependency'
  /** The schedule, event, execution it came from. */
  readonly source?: string
}

/** At most `limit` executions of the tenant with the same `key` hold an allocation. */
export interface ConcurrencyLimit {
  readonly key: string
  readonly limit: number
}

export interface ExecutionStatus {
  readonly state: ExecutionState
  readonly desired: 'run' | 'stop'
  readonly stopCause?: StopCause
  /** Why it waits, failed or stopped. Absent while all is well. */
  readonly reason?: Reason
  readonly steps: readonly StepStatus[]
  /** Steps that steps added to the plan while it ran; their ordinals follow the submission's. */
  readonly appended: readonly StepSpec[]
  readonly allocation?: Allocation
  /** Rises with every allocation; 0 before the first. */
  readonly epoch: number
  /** When its first allocation opened, a step first ran, a stop was first wanted, it became final. */
  readonly placedAt?: Instant
  readonly startedAt?: Instant
  readonly stoppingAt?: Instant
  readonly finishedAt?: Instant
  /** From `timeoutMs`, fixed at the first placement. */
  readonly deadlineAt?: Instant
  /** Backoff of the execution's own retry. */
  readonly notBefore?: Instant
  /** How often the whole execution was tried again. */
  readonly retries: number
  readonly progress?: Progress
}

export interface StopCause {
  readonly kind:
    | 'user'
    | 'timeout'
    | 'expired'
    | 'essentialExit'
    | 'essentialFailure'
    | 'concurrency'
    | 'engine'
    | 'nodeLost'
  readonly reason: Reason
  readonly by?: string
  readonly at: Instant
  /** Overrides each step's own grace, ms. */
  readonly graceMs?: number
}

export interface StepStatus {
  readonly state: StepState
  readonly reason?: Reason
  /** When a try became due again. */
  readonly notBefore?: Instant
  /** How often this step was tried again in the present epoch. */
  readonly retries: number
  /** Newest last. Only the newest `KEPT_ATTEMPTS` are kept. */
  readonly attempts: readonly Attempt[]
  readonly health: 'none' | 'unknown' | 'healthy' | 'unhealthy'
  readonly outputs: Readonly<Record<string, string>>
  readonly progress?: Progress
  readonly startedAt?: Instant
  readonly stoppingAt?: Instant
  readonly finishedAt?: Instant
  /** For `await` steps: the execution it found or started. */
  readonly awaited?: ExecutionId
}

export const KEPT_ATTEMPTS = 20

export interface Attempt {
  readonly number: number
  readonly epoch: number
  readonly executor: string
  /** When the engine decided to start it. */
  readonly requestedAt: Instant
  /** When the program began, as its executor saw it. */
  readonly startedAt?: Instant
  readonly exitedAt?: Instant
  readonly exit?: Exit
  readonly usage?: Usage
  readonly ports?: readonly BoundPort[]
  /** What its executor calls it: a pid, a container's id. */
  readonly handle?: string
  readonly imageDigest?: string
  readonly address?: string
  readonly pullStartedAt?: Instant
  readonly pullStoppedAt?: Instant
  /** Where its log lies; opaque to all but the log store. */
  readonly log?: string
}

export interface BoundPort {
  readonly name?: string
  readonly port: number
  readonly hostPort: number
  readonly hostAddress: string
  readonly protocol: 'tcp' | 'udp'
}

export interface Progress {
  /** 0–100. */
  readonly percent?: number
  readonly message?: string
  readonly at: Instant
}

/** Execution × node × epoch: the reserved place that attempts run in. */
export interface Allocation {
  readonly id: AllocationId
  readonly epoch: number
  readonly node: NodeId
  readonly reserved: Reservation
  /** Host ports taken on the node, one for each port asked for, in plan order. */
  readonly ports: readonly AllocatedPort[]
  readonly state: 'open' | 'closing' | 'closed'
  readonly openedAt: Instant
  readonly closedAt?: Instant
  /** Executors that hold something for it. */
  readonly executors: readonly string[]
}

export interface AllocatedPort {
  readonly step: number
  /** Index in the step's `ports`. */
  readonly index: number
  readonly hostPort: number
  readonly protocol: 'tcp' | 'udp'
}

export const isFinalState = (s: ExecutionState): boolean =>
  s === 'succeeded' || s === 'failed' || s === 'cancelled' || s === 'lost'

export const isFinalStep = (s: StepState): boolean =>
  s === 'succeeded' || s === 'failed' || s === 'stopped' || s === 'skipped' || s === 'lost'

export const isFinal = (e: Execution): boolean => isFinalState(e.status.state)

/** Every step, the appended ones included, by ordinal. */
export const stepsOf = (e: Execution): readonly StepSpec[] =>
  e.status.appended.length === 0 ? e.submission.plan.steps : [...e.submission.plan.steps, ...e.status.appended]

export const currentAttempt = (s: StepStatus): Attempt | undefined => s.attempts[s.attempts.length - 1]

export type { StopHow }
