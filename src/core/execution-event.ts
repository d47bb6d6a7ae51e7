import type { AllocatedPort, Attempt, Progress, StopCause } from './execution.ts'
import type { Exit, Usage } from './exit.ts'
import type { AttemptId, ExecutionId, NodeId } from './identity.ts'
import type { Instant } from './instant.ts'
import type { Reason } from './reason.ts'
import type { Reservation } from './resources.ts'
import type { StepSpec } from './step-spec.ts'

/** What can happen to an execution: the input of `advance`. */
export type ExecutionEvent =
  | Placed
  | { readonly kind: 'deferred'; readonly reason: Reason }
  | { readonly kind: 'stopRequested'; readonly cause: Omit<StopCause, 'at'> }
  /** The alarm for `at` rang: limits, backoffs and conditions are looked at as of then, whatever the wall clock says. */
  | { readonly kind: 'due'; readonly at: Instant }
  | {
      readonly kind: 'attemptStarted'
      readonly attempt: AttemptId
      readonly at: Instant
      readonly detail?: AttemptDetail
    }
  | { readonly kind: 'attemptDetail'; readonly attempt: AttemptId; readonly detail: AttemptDetail }
  | { readonly kind: 'attemptWaiting'; readonly attempt: AttemptId; readonly reason: Reason }
  | AttemptExited
  | { readonly kind: 'attemptHealth'; readonly attempt: AttemptId; readonly health: 'healthy' | 'unhealthy' }
  | { readonly kind: 'outputs'; readonly attempt: AttemptId; readonly outputs: Readonly<Record<string, string>> }
  | { readonly kind: 'progress'; readonly attempt: AttemptId; readonly progress: Progress }
  | Appended
  /** What an await step learned of the execution it waits for. */
  | {
      readonly kind: 'awaited'
      readonly step: number
      readonly execution?: ExecutionId
      readonly met: 'yes' | 'notYet' | 'never'
      readonly reason?: Reason
    }
  | { readonly kind: 'labelled'; readonly set: Readonly<Record<string, string>>; readonly remove: readonly string[] }
  | { readonly kind: 'allocationClosed'; readonly epoch: number }

export interface Placed {
  readonly kind: 'placed'
  readonly node: NodeId
  readonly reserved: Reservation
  readonly ports: readonly AllocatedPort[]
  /** By ordinal: the executor that will run the step; '' for await steps. */
  readonly executors: readonly string[]
}

/** Steps that a running program added to the plan; those already there by name are left alone. */
export interface Appended {
  readonly kind: 'appended'
  readonly attempt: AttemptId
  readonly steps: readonly StepSpec[]
  /** For each of them, as in `Placed`. */
  readonly executors: readonly string[]
}

export interface AttemptExited {
  readonly kind: 'attemptExited'
  readonly attempt: AttemptId
  readonly at: Instant
  readonly exit: Exit
  readonly startedAt?: Instant
  readonly usage?: Usage
  readonly outputs?: Readonly<Record<string, string>>
  readonly outputsProblem?: string
  readonly log?: string
  /** The executor closed the allocation as well. */
  readonly closed?: boolean
}

export type AttemptDetail = Partial<
  Pick<Attempt, 'handle' | 'ports' | 'address' | 'imageDigest' | 'pullStartedAt' | 'pullStoppedAt'>
>
