import type { NodeId, Tenant } from './identity.ts'
import type { Instant } from './instant.ts'

/**
 * A place with capacity. The machine itself is one node, shared by all tenants; a face may register logical nodes on
 * this machine for one tenant, whose capacity is accounted on its own.
 */
export interface Node {
  readonly id: NodeId
  readonly name: string
  /** Only this tenant may use it; absent: everyone. */
  readonly tenant?: Tenant
  /** Kinds of executor it has. */
  readonly executors: readonly string[]
  readonly capacity: NodeCapacity
  readonly state: 'active' | 'draining' | 'gone'
  /** What constraints and strategies look at. */
  readonly attributes: Readonly<Record<string, string>>
  /** Rises whenever the node's state or capacity changes; a placement re-checks it when it commits. */
  readonly epoch: number
  readonly registeredAt: Instant
  /** Since when it is gone; such a node is forgotten later. */
  readonly goneAt?: Instant
  readonly version: number
}

export interface NodeCapacity {
  readonly cpuUnits: number
  readonly memoryBytes: number
  /** Dynamic host ports are taken from here, inclusive. */
  readonly portRange: readonly [from: number, to: number]
  /** Ports that are never given away, as `tcp/22`. */
  readonly reservedPorts: readonly string[]
  /** Open allocations at most. */
  readonly slots: number
}

/** What is taken on a node by open allocations. */
export interface NodeUse {
  readonly cpuUnits: number
  readonly memoryBytes: number
  /** As `tcp/8080`. */
  readonly ports: ReadonlySet<string>
  readonly allocations: number
}
