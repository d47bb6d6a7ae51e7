import type { AttemptId, ExecutionId, Tenant } from '../core/identity.ts'
import type { Instant } from '../core/instant.ts'
import type { Alarms, Chance, Clock, Ids } from '../core/ports/clock.ts'
import type { Deliver } from '../core/ports/deliver.ts'
import type { LogStore } from '../core/ports/log-store.ts'
import type { Store } from '../core/ports/store.ts'
import type { Secrets, Vault } from '../core/ports/vault.ts'
import type { Turns } from '../core/turns.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { ExecutorSet } from './executor-set.ts'
import type { Ledger } from './ledger.ts'
import type { NodeRegister } from './node-register.ts'
import type { Reactor } from './reactor.ts'
import type { Roster } from './roster.ts'
import type { Transitions } from './transitions.ts'
import type { WebhookFormats } from './webhook-format.ts'

/** What the operator can set. */
export interface EngineDefaults {
  /** Final executions are removed after this, ms. */
  readonly retentionMs: number
  /** Events are kept at least this long, ms. */
  readonly eventRetentionMs: number
}

export const DEFAULTS: EngineDefaults = {
  retentionMs: 30 * 86_400_000,
  eventRetentionMs: 30 * 86_400_000,
}

export interface Logger {
  info(facts: object, message: string): void
  warn(facts: object, message: string): void
  error(facts: object, message: string): void
}

/** What the engine is made from: ports only. */
export interface EngineParts {
  readonly store: Store
  readonly logs: LogStore
  readonly executors: ExecutorSet
  readonly clock: Clock
  readonly alarms: Alarms
  readonly ids: Ids
  readonly chance: Chance
  readonly secrets: Secrets
  readonly vault: Vault
  readonly reactors: readonly Reactor[]
  readonly deliver: Deliver
  /** Who formats a webhook's message, by name. */
  readonly formats: WebhookFormats
  readonly defaults: EngineDefaults
  readonly logger: Logger
  readonly attemptEnvironment?: AttemptEnvironment
}

/** Variables that every program is given, so that it can call the engine about its own attempt. The step's own win. */
export type AttemptEnvironment = (tenant: Tenant, attempt: AttemptId) => Readonly<Record<string, string>>

/** The engine's inside: its parts and the state it shares among its use cases. */
export interface Context extends EngineParts {
  readonly roster: Roster
  readonly ledger: Ledger
  readonly nodes: NodeRegister
  readonly transitions: Transitions
  readonly dispatcher: Dispatcher
  /** Who looks for, or starts, an execution with a key: see one-of-a-key.ts. */
  readonly startingKeys: Turns
  /** The alarm of each execution that something follows for from time alone. */
  readonly timers: Map<ExecutionId, { readonly at: Instant; cancel(): void }>
  /** How to end the listening of each await step that waits: `<execution>:<ordinal>`. */
  readonly follows: Map<string, () => void>
  readonly now: () => Instant
}
