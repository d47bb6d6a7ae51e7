/**
 * The executor port: how an attempt becomes a process, container or Pod.
 *
 * Everything is keyed by the attempt's id, because a handle can be lost in a crash.
 * P1. `start` is idempotent: the same id never starts twice, also across restarts of server and executor.
 * P2. `stop` of an id that never started leaves a tombstone: a late `start` of it is refused (exit `refused`).
 * P3. Every observation is delivered at least once, in order per attempt, until acknowledged; `ack` comes only after
 *     the store has committed what it says.
 * P4. Lost means dead: whoever reports `lost` has first killed what was left.
 * P5. Deadline, stop signal and grace travel with `start`: a dead server suspends no limit.
 */

import type { BoundPort, Progress } from '../execution.ts'
import type { Exit, Usage } from '../exit.ts'
import type { AllocationId, AttemptId, NodeId, Tenant } from '../identity.ts'
import type { Instant, Micros } from '../instant.ts'
import type { Reason } from '../reason.ts'
import type { Resources } from '../resources.ts'
import type { RunSpec, StopHow } from '../step-spec.ts'

export interface Executor {
  /** `process`, `docker`, `kubernetes`, `scripted`. */
  readonly kind: string
  /** Known after `ready`. */
  readonly capabilities: Capabilities
  /** Connects to what runs already (cells, engine). Rejects when it can never work here; the message says why. */
  ready(): Promise<void>
  /** Prepares a place: workspace, network, parent cgroup. Idempotent; `start` does it by itself when not called. */
  open(place: Place): Promise<void>
  /** Resolves once the executor answers for the attempt. What cannot start is an exit `refused`, not a rejection;
   *  a rejection means: not taken, try again later. */
  start(attempt: AttemptId, work: Work): Promise<void>
  /** Signal → grace → SIGKILL to the whole tree. Idempotent; a shorter grace on a second call counts. */
  stop(attempt: AttemptId, how: StopHow): Promise<void>
  inspect(attempts: readonly AttemptId[]): Promise<ReadonlyMap<AttemptId, Seen>>
  /** Batches, endless until `signal` aborts; begins with all that was not acknowledged. One consumer at a time. */
  observations(signal: AbortSignal): AsyncIterable<readonly Observation[]>
  ack(observed: readonly Observation[]): Promise<void>
  /** Removes everything the allocation held. Idempotent; resolves when nothing is left. */
  close(allocation: AllocationId): Promise<void>
  /**
   * Deletes what outlives allocations: directories and volumes that mounts of kind `workspace` and `volume` named by
   * `source`, and those below it (`source/…`). Idempotent. The caller sees to it that no attempt uses them.
   */
  removeShared?(tenant: Tenant, source: string): Promise<void>
  /** Runs a command inside a running attempt's sandbox. Only where `capabilities.exec`. */
  exec?(attempt: AttemptId, request: ExecRequest): Promise<ExecSession>
  /** Present use, where `capabilities.stats`; undefined for an attempt that does not run. */
  stats?(attempt: AttemptId): Promise<Stats | undefined>
  /** Ends everything it runs and whatever it keeps running (cells). For `--ephemeral` and `down --kill`. */
  endAll(): Promise<void>
  /** Lets go: what runs goes on running. */
  detach(): Promise<void>
}

export interface Capabilities {
  readonly images: boolean
  readonly exec: boolean
  readonly stats: boolean
  readonly health: boolean
  /** What of a step's limits is in force, only watched, or neither; shown by banner and doctor. */
  readonly enforcement: Readonly<
    Record<'filesystem' | 'memory' | 'cpu' | 'pids' | 'disk' | 'network' | 'user', Enforcement>
  >
  readonly networks: readonly ('host' | 'private' | 'none')[]
  /** Sentences for banner and doctor. */
  readonly remarks: readonly string[]
}

export type Enforcement = 'enforced' | 'watched' | 'none'

export interface Place {
  readonly allocation: AllocationId
  readonly tenant: Tenant
  readonly node: NodeId
  /** What its workspace may hold, bytes: the largest limit of its steps. Absent: no limit. */
  readonly diskBytes?: number
}

/** Everything an executor needs to run one attempt. Holds secrets in the clear: never persisted by the store. */
export interface Work {
  readonly place: Place
  /** Name of the step, for containers' names and log lines. */
  readonly step: string
  readonly labels: Readonly<Record<string, string>>
  readonly run: RunSpec
  /** `run.env` with secrets and outputs resolved. */
  readonly env: Readonly<Record<string, string>>
  readonly resources: Resources
  readonly stop: StopHow
  /** Limit of this attempt from its start, ms. */
  readonly timeoutMs?: number
  /** Limit of the execution, absolute. */
  readonly deadlineAt?: Instant
  /** Host ports taken for `run.ports`, same order. */
  readonly hostPorts: readonly number[]
  readonly registryCredential?: { readonly username: string; readonly password: string }
  /** Other steps of its group run programs as well: where each has a network of its own, they are to see each other. */
  readonly hasCompanions?: boolean
  /** This is the allocation's last attempt: the executor closes the allocation at its end and says so in the exit. */
  readonly closesAllocation: boolean
}

export type Seen =
  | { readonly as: 'never' | 'unknown' }
  | { readonly as: 'running'; readonly startedAt: Instant }
  | { readonly as: 'exited'; readonly exit: Exit; readonly startedAt?: Instant; readonly exitedAt: Instant }

/** What an executor saw. `receipt` is opaque and is what `ack` needs. */
export type Observation = { readonly attempt: AttemptId; readonly receipt: string; readonly at: Instant } & Sight

export type Sight =
  | {
      readonly kind: 'started'
      readonly handle?: string
      readonly ports?: readonly BoundPort[]
      readonly address?: string
      readonly imageDigest?: string
      readonly pullStoppedAt?: Instant
    }
  | { readonly kind: 'pulling'; readonly progress?: Progress }
  | {
      readonly kind: 'exited'
      readonly exit: Exit
      readonly startedAt?: Instant
      readonly usage?: Usage
      /** What the program wrote to the file named by TASKPORT_OUTPUTS. An empty value unsets the key. */
      readonly outputs?: Readonly<Record<string, string>>
      /** Set when the outputs file broke a rule; the outputs are then dropped. */
      readonly outputsProblem?: string
      /** The extent of its log; opaque to all but the log store. */
      readonly log?: string
      /** The allocation is closed as well (`Work.closesAllocation`). */
      readonly closed?: boolean
    }
  | { readonly kind: 'health'; readonly health: 'healthy' | 'unhealthy' }
  | { readonly kind: 'outputs'; readonly outputs: Readonly<Record<string, string>> }
  | { readonly kind: 'progress'; readonly progress: Progress }
  /** Still pending on the executor's side, with its words (image pull, engine away). */
  | { readonly kind: 'waiting'; readonly reason: Reason }

export interface ExecRequest {
  readonly argv: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly workdir?: string
  readonly user?: string
  readonly stdin?: AsyncIterable<Uint8Array>
  readonly terminal?: { readonly columns: number; readonly rows: number }
  readonly timeoutMs?: number
}

export interface ExecSession {
  readonly output: AsyncIterable<{ readonly stream: 'stdout' | 'stderr'; readonly bytes: Uint8Array }>
  readonly exit: Promise<Exit>
  resize?(columns: number, rows: number): void
  kill(): void
}

export interface Stats {
  readonly at: Micros
  readonly cpuMicros: number
  readonly memoryBytes: number
  readonly peakMemoryBytes?: number
  readonly pids?: number
}
