import type { AllocatedPort } from '../core/execution.ts'
import type { ExecutionId, NodeId } from '../core/identity.ts'
import type { Instant } from '../core/instant.ts'
import type { Reason } from '../core/reason.ts'

/** What the scheduler wants. A value: the engine commits it, and may find it stale. */
export type Decision = Placement | Deferral | Refusal

export interface Placement {
  readonly kind: 'place'
  readonly execution: ExecutionId
  readonly node: NodeId
  /** The node's epoch that the choice rests on; re-checked at commit. */
  readonly nodeEpoch: number
  /** One for each wanted port, in the same order. */
  readonly ports: readonly AllocatedPort[]
}

export interface Deferral {
  readonly kind: 'defer'
  readonly execution: ExecutionId
  readonly reason: Reason
  /** Place in the fair order among those waiting for the same thing, from 1; 0 when it waits for a time only. */
  readonly position: number
  /** When trying again first makes sense, if that is known. */
  readonly until?: Instant
}

export interface Refusal {
  readonly kind: 'refuse'
  readonly execution: ExecutionId
  readonly reason: Reason
  readonly shortfalls: readonly Shortfall[]
}

/** Why one node cannot take a candidate: the first thing it lacks. */
export interface Shortfall {
  readonly node: NodeId
  readonly lacks: Lack
  readonly detail?: string
}

export type Lack = 'cpu' | 'memory' | 'ports' | 'constraint' | 'distinct' | 'executor' | 'slots' | 'draining' | 'gone'
