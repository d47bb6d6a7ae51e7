import type { ConcurrencyLimit } from './execution.ts'
import type { Tenant } from './identity.ts'
import type { Instant } from './instant.ts'
import type { PlacementSpec } from './placement.ts'
import type { Plan } from './plan.ts'
import type { RetryPolicy } from './retry-policy.ts'

/** A definition: a name with numbered revisions, none of which ever changes. */
export interface Task {
  readonly tenant: Tenant
  readonly name: string
  readonly revision: number
  readonly spec: TaskSpec
  readonly state: 'active' | 'inactive'
  readonly registeredAt: Instant
}

export interface TaskSpec {
  readonly plan: Plan
  readonly timeoutMs?: number
  readonly retry?: RetryPolicy
  readonly priority?: number
  readonly concurrency?: readonly ConcurrencyLimit[]
  readonly ifNoRoom?: 'refuse' | 'queue'
  readonly placement?: PlacementSpec
  readonly labels?: Readonly<Record<string, string>>
  /** Indexed facts of every execution of it, also of those that its schedule or an await step starts. */
  readonly refs?: Readonly<Record<string, string>>
  /** Whose executions its schedule and await steps start; absent: the native face's, or that of the step's execution. */
  readonly face?: string
  readonly retentionMs?: number
  readonly schedule?: Schedule
}

/** When a task runs by itself. */
export interface Schedule {
  /** Five or six fields, or `@daily` …. */
  readonly cron: string
  /** IANA name, e.g. `Europe/Berlin`; default UTC. */
  readonly timezone: string
  /** While an earlier run goes on: run as well, skip this one, or stop the earlier. */
  readonly overlap: 'allow' | 'skip' | 'replace'
  /** For times missed while the server was down: forget them, run once for the latest, or run every one. */
  readonly catchUp: 'none' | 'latest' | 'all'
  /** Missed times older than this are forgotten, ms. */
  readonly catchUpWithinMs?: number
  readonly paused?: boolean
}
