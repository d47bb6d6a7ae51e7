import type { ExecutionState, StepState } from './execution.ts'
import type { Exit } from './exit.ts'
import type { AttemptId, ExecutionId, NodeId, Tenant } from './identity.ts'
import type { Instant } from './instant.ts'
import type { Reason } from './reason.ts'

/** One recorded transition: what happened to one execution. Appended in the very commit that made it true. */
export type Transition =
  | {
      readonly kind: 'execution.state'
      readonly from?: ExecutionState
      readonly to: ExecutionState
      readonly reason?: Reason
    }
  | { readonly kind: 'execution.deferred'; readonly reason: Reason }
  | { readonly kind: 'execution.stopRequested'; readonly reason: Reason; readonly by?: string }
  | {
      readonly kind: 'execution.retrying'
      readonly reason: Reason
      readonly retry: number
      readonly notBefore: Instant
    }
  | { readonly kind: 'allocation.opened'; readonly epoch: number; readonly node: NodeId }
  | { readonly kind: 'allocation.closing' | 'allocation.closed'; readonly epoch: number; readonly node: NodeId }
  | {
      readonly kind: 'step.state'
      readonly step: string
      readonly ordinal: number
      readonly from: StepState
      readonly to: StepState
      readonly attempt?: AttemptId
      readonly exit?: Exit
      readonly reason?: Reason
    }
  | {
      readonly kind: 'step.retrying'
      readonly step: string
      readonly ordinal: number
      readonly attempt: AttemptId
      readonly exit: Exit
      readonly notBefore: Instant
    }
  | {
      readonly kind: 'step.health'
      readonly step: string
      readonly ordinal: number
      readonly health: 'unknown' | 'healthy' | 'unhealthy'
    }
  | { readonly kind: 'step.outputs'; readonly step: string; readonly ordinal: number; readonly keys: readonly string[] }
  | { readonly kind: 'steps.appended'; readonly names: readonly string[] }
  /** A later detail of the running attempt became known: handle, address, ports, pull times. */
  | { readonly kind: 'attempt.detail'; readonly step: string; readonly ordinal: number; readonly attempt: AttemptId }
  | {
      readonly kind: 'execution.labels'
      readonly set: Readonly<Record<string, string>>
      readonly removed: readonly string[]
    }
  | { readonly kind: 'execution.removed' }

/** A transition with its place in history. */
export interface Event {
  readonly position: number
  readonly tenant: Tenant
  readonly execution: ExecutionId
  readonly at: Instant
  /** The execution's version after the commit. */
  readonly version: number
  readonly transition: Transition
}

export type UnplacedEvent = Omit<Event, 'position'>
