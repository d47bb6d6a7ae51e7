import type { ConcurrencyLimit } from '../core/execution.ts'
import type { ExecutionId, Tenant } from '../core/identity.ts'
import type { Instant } from '../core/instant.ts'
import type { Node, NodeUse } from '../core/node.ts'
import type { PlacementSpec } from '../core/placement.ts'
import type { Chance } from '../core/ports/clock.ts'
import type { Reservation } from '../core/resources.ts'

/** A pending execution, reduced to what placing it depends on. Never changed once queued: the scheduler caches by identity. */
export interface Candidate {
  readonly execution: ExecutionId
  readonly tenant: Tenant
  /** Higher goes first. */
  readonly priority: number
  /** Rises with acceptance; unique. */
  readonly order: number
  readonly reservation: Reservation
  readonly ports: readonly WantedPort[]
  readonly placement: PlacementSpec | undefined
  readonly concurrency: readonly ConcurrencyLimit[]
  readonly ifNoRoom: 'refuse' | 'queue'
  readonly notBefore: Instant | undefined
  /** For each run step: the kinds of executor that may run it. */
  readonly executors: readonly (readonly string[])[]
  /** Its own refs: what it will count as on its node, for `distinctBy`, `spread … among` and `runs`. */
  readonly refs: Readonly<Record<string, string>>
  /** When it began to wait for a place (its acceptance, or the end of its backoff): after a minute room is held for it. */
  readonly waitingSince: Instant
}

export interface WantedPort {
  /** Ordinal of the step in the plan. */
  readonly step: number
  /** Index in the step's `ports`. */
  readonly index: number
  /** 0: any. */
  readonly hostPort: number
  readonly protocol: 'tcp' | 'udp'
}

export interface NodeView {
  readonly node: Node
  readonly use: NodeUse
  /** How many open allocations on it have ref = value. */
  count(ref: string, value: string): number
  /** The values that `ref` has among its open allocations. */
  values(ref: string): Iterable<string>
}

/** The world as the scheduler sees it. Must not change while a round runs. */
export interface Snapshot {
  readonly nodes: readonly NodeView[]
  /** Everything pending, in any order. Keeping it as `WaitingLines` spares each round from sorting it. */
  readonly queue: Iterable<Candidate>
  /** How many of the tenant's open allocations hold the key. */
  concurrencyUse(tenant: Tenant, key: string): number
  /** The tenant's open allocations. */
  tenantUse(tenant: Tenant): number
  readonly chance: Chance
}
