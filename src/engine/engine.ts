/**
 * The engine as its callers (faces) see it: use cases, one file each in this folder. Everything is asynchronous work on
 * the model of `src/core/`; nothing here knows a wire.
 *
 * Errors are EngineError; a tenant never learns whether another tenant's thing exists (`not_found`).
 */
import type { Event } from '../core/event.ts'
import type { Execution, ExecutionState, Progress } from '../core/execution.ts'
import type { AttemptId, ExecutionId, NodeId, Principal, Tenant } from '../core/identity.ts'
import type { Instant, Micros } from '../core/instant.ts'
import type { Node, NodeCapacity, NodeUse } from '../core/node.ts'
import type { ExecRequest, ExecSession, Stats } from '../core/ports/executor.ts'
import type { LogFrom, LogLine, LogPage } from '../core/ports/log-store.ts'
import type {
  Change,
  Document,
  DocumentQuery,
  EventFilter,
  EventPage,
  ExecutionFilter,
  Page,
  Paged,
} from '../core/ports/store.ts'
import type { Reason } from '../core/reason.ts'
import type { StepSpec } from '../core/step-spec.ts'
import type { Task, TaskSpec } from '../core/task.ts'
import type { SubmissionRequest, SubmitOptions, SubmitResult } from './submission-request.ts'

export interface Engine {
  newExecutionId(): ExecutionId
  now(): Instant

  // Executions
  /** All in one commit; each is accepted or refused on its own. Throws `invalid` (nothing stored) if any is malformed. */
  submit(
    principal: Principal,
    requests: readonly SubmissionRequest[],
    options?: SubmitOptions,
  ): Promise<readonly SubmitResult[]>
  /**
   * What `submit` answered to this key, for faces whose own checks must not stand in the way of a repeated request.
   * Throws `conflict` like `submit` when the key was used for another request.
   */
  submitted(
    tenant: Tenant,
    face: string,
    idempotency: NonNullable<SubmitOptions['idempotency']>,
  ): Promise<readonly SubmitResult[] | undefined>
  /** Does `work`, which looks for an execution with this key and submits it, while no await step does the same. */
  oneOfAKey<T>(tenant: Tenant, key: string, work: () => Promise<T>): Promise<T>
  execution(tenant: Tenant, id: ExecutionId): Promise<Execution>
  executions(tenant: Tenant, filter: ExecutionFilter, page: Page): Promise<Paged<Execution>>
  /** By state; with a filter up to `MOST_COUNTED` in all (core/ports/store.ts). */
  countExecutions(tenant: Tenant, filter?: ExecutionFilter): Promise<Readonly<Record<ExecutionState, number>>>
  /** Wants it stopped; answers at once with the execution as it is then. A final one is answered unchanged. */
  stop(tenant: Tenant, id: ExecutionId, how?: StopRequest): Promise<Execution>
  /** Also after its end; one event (`execution.labels`) where anything changes. Answers it as it is then. */
  setLabels(
    tenant: Tenant,
    id: ExecutionId,
    set: Readonly<Record<string, string>>,
    remove: readonly string[],
  ): Promise<Execution>
  /** A new execution of the same plan, linked by its trigger. */
  retry(principal: Principal, id: ExecutionId): Promise<Execution>
  /** Deletes a final execution and its logs; `conflict` while it is active. */
  remove(tenant: Tenant, id: ExecutionId): Promise<void>
  /** Resolves when the test holds (or the execution is final); undefined after `timeoutMs` or abort. */
  waitFor(
    tenant: Tenant,
    id: ExecutionId,
    test: (e: Execution) => boolean,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Execution | undefined>
  /**
   * Deletes the directories and volumes that steps shared by name (mounts of kind `workspace` and `volume`): those of
   * this `source` and those below it (`source/…`). Idempotent; `conflict` while an execution that mounts one is active.
   */
  removeShared(tenant: Tenant, source: string): Promise<void>
  /** What a pending execution waits for and its place in that queue (1 is next); undefined when it does not wait. */
  waiting(tenant: Tenant, id: ExecutionId): Waiting | undefined
  /** Only from inside the step's attempt (a built-in program), while it runs. Idempotent by step name. */
  appendSteps(tenant: Tenant, attempt: AttemptId, steps: readonly StepSpec[]): Promise<Execution>
  publishOutputs(tenant: Tenant, attempt: AttemptId, outputs: Readonly<Record<string, string>>): Promise<void>
  reportProgress(tenant: Tenant, attempt: AttemptId, progress: Omit<Progress, 'at'>): Promise<void>

  // Following
  events(tenant: Tenant, after: string | undefined, filter: EventFilter, limit: number): Promise<EventPage>
  /** From `after` (default: now) on, for ever; throws `not_found` subject 'cursor' when pruned. */
  watch(
    tenant: Tenant,
    after: string | undefined,
    filter: EventFilter,
    signal: AbortSignal,
  ): AsyncIterable<{ readonly events: readonly Event[]; readonly cursor: string }>
  /** Cursor that a list taken just before corresponds to: list, then watch. */
  cursor(): string
  /** Cursor before what happened at this time or later. */
  cursorAt(at: Instant): Promise<string>
  /** Log of a step's attempt (default: the newest). */
  log(
    tenant: Tenant,
    which: LogSelector,
    from: LogFrom,
    limit: number,
  ): Promise<LogPage & { readonly attempt: AttemptId | undefined }>
  /** All attempts of the step in turn, also ones that begin later, until the step is final. Each batch names its attempt. */
  followLog(
    tenant: Tenant,
    which: LogSelector,
    from: LogFrom,
    signal: AbortSignal,
  ): AsyncIterable<{ readonly attempt: AttemptId; readonly lines: readonly LogLine[] }>
  /** The lines of all steps and attempts in order of time, a page of them. */
  executionLog(tenant: Tenant, id: ExecutionId, query: ExecutionLogQuery): Promise<ExecutionLogPage>
  /** All of that, then what is written, until the execution is final and every log has ended. `not_found` and `invalid`
   *  come with the first step of the iteration. */
  followExecutionLog(
    tenant: Tenant,
    id: ExecutionId,
    query: Pick<ExecutionLogQuery, 'after' | 'since' | 'until' | 'steps'>,
    signal: AbortSignal,
  ): AsyncIterable<{ readonly lines: readonly ExecutionLine[]; readonly after: string }>
  /** A system line in the newest attempt's log of a step. */
  note(tenant: Tenant, id: ExecutionId, step: string, text: string): Promise<void>
  exec(tenant: Tenant, id: ExecutionId, step: string, request: ExecRequest): Promise<ExecSession>
  stats(tenant: Tenant, id: ExecutionId, step: string): Promise<Stats | undefined>

  // Tasks
  /** A new revision, unless the newest active one has the same spec. */
  registerTask(
    tenant: Tenant,
    name: string,
    spec: TaskSpec,
  ): Promise<{ readonly task: Task; readonly created: boolean }>
  task(tenant: Tenant, name: string, revision?: number): Promise<Task>
  tasks(tenant: Tenant, page: Page): Promise<Paged<Task>>
  taskRevisions(tenant: Tenant, name: string, page: Page): Promise<Paged<Task>>
  /** No new executions of it; its schedule ends. */
  deactivateTask(tenant: Tenant, name: string, revision?: number): Promise<void>
  schedules(tenant: Tenant): Promise<readonly ScheduleView[]>

  // Nodes
  nodes(tenant: Tenant): Promise<readonly NodeWithUse[]>
  node(tenant: Tenant, id: NodeId): Promise<NodeWithUse>
  /** A logical node on this machine for one tenant; its capacity is accounted on its own. */
  registerNode(tenant: Tenant, node: NodeRegistration): Promise<Node>
  /** Draining: nothing new is placed; what runs is left alone. `forbidden`: the shared machine, for all but the operator. */
  setNodeState(tenant: Tenant, id: NodeId, state: 'active' | 'draining', by?: NodeRights): Promise<Node>
  setNodeAttributes(
    tenant: Tenant,
    id: NodeId,
    set: Readonly<Record<string, string>>,
    remove: readonly string[],
    by?: NodeRights,
  ): Promise<Node>
  /** `forbidden`: the shared machine. `conflict` while executions are on it, unless forced: then they are stopped with `reason`. */
  deregisterNode(
    tenant: Tenant,
    id: NodeId,
    options: { readonly force: boolean; readonly reason?: Reason },
  ): Promise<Node>

  // Secrets and webhooks
  setSecret(tenant: Tenant, name: string, value: string): Promise<void>
  secretNames(tenant: Tenant): Promise<readonly { readonly name: string; readonly updatedAt: Instant }[]>
  removeSecret(tenant: Tenant, name: string): Promise<void>
  /** Whether `{secret: name}` would resolve, and its value: for faces that must fail early. */
  resolveSecret(tenant: Tenant, name: string): Promise<string | undefined>
  setWebhook(tenant: Tenant, hook: WebhookSpec): Promise<Webhook>
  webhooks(tenant: Tenant): Promise<readonly Webhook[]>
  removeWebhook(tenant: Tenant, id: string): Promise<void>

  // A face's own records
  document<Body>(tenant: Tenant, collection: string, key: string): Promise<Document<Body> | undefined>
  documents<Body>(tenant: Tenant, collection: string, query: DocumentQuery): Promise<Paged<Document<Body>>>
  /** 0 where nothing was ever counted. */
  counter(tenant: Tenant, name: string): Promise<number>
  /** Documents and counters only, none of the engine's own (`forbidden`). Rejects like `Store.commit`. Returns numbers given by `assign`. */
  saveDocuments(
    changes: readonly Extract<Change, { kind: 'document.put' | 'document.delete' | 'counter.add' }>[],
  ): Promise<readonly number[]>

  // Operation
  /** Holds back or resumes all placing (benchmarks, maintenance). */
  holdDispatch(held: boolean): void
  /** Back to the first-start state: stops and forgets everything. */
  reset(): Promise<void>
}

export interface StopRequest {
  readonly message?: string
  readonly by?: string
  /** Instead of each step's own grace, ms. */
  readonly graceMs?: number
}

export interface Waiting {
  readonly reason: Reason
  readonly position?: number
}

export interface LogSelector {
  readonly execution: ExecutionId
  /** Default: the only step, or the one that ran last. */
  readonly step?: string
  /** Number of the attempt; default the newest. */
  readonly attempt?: number
}

export interface ExecutionLogQuery {
  readonly limit: number
  /** `after` or `before` of a page or batch: what comes after it, or the lines just before it. Opaque. */
  readonly after?: string
  readonly before?: string
  /** Begin with the newest lines; the page itself is in order of time all the same. Implied by `before`. */
  readonly backwards?: boolean
  /** Lines from this instant on; going on with `after` keeps it. */
  readonly since?: Micros
  /** Lines before this instant. */
  readonly until?: Micros
  /** Only of these steps; going on needs the same. */
  readonly steps?: readonly string[]
}

export interface ExecutionLine {
  readonly attempt: AttemptId
  readonly step: string
  readonly line: LogLine
}

export interface ExecutionLogPage {
  readonly lines: readonly ExecutionLine[]
  readonly before: string
  readonly after: string
  /** Forwards: nothing will follow. Backwards: nothing is before. */
  readonly end: boolean
}

export interface ScheduleView {
  readonly task: string
  readonly revision: number
  readonly schedule: NonNullable<TaskSpec['schedule']>
  readonly nextAt?: Instant
  readonly lastAt?: Instant
  readonly lastExecution?: ExecutionId
}

export interface NodeWithUse {
  readonly node: Node
  readonly use: NodeUse
  /** Executions of the asking tenant that hold an allocation on it. */
  readonly executions: readonly ExecutionId[]
}

/** What the caller may do besides what its tenant may; nothing by default. */
export interface NodeRights {
  /** It holds the operator's grant. */
  readonly operator: boolean
}

export interface NodeRegistration {
  readonly name: string
  readonly capacity: Partial<NodeCapacity>
  readonly attributes: Readonly<Record<string, string>>
}

export interface WebhookSpec {
  /** Replaces that one; absent: a new one. */
  readonly id?: string
  readonly url: string
  /** Signs every delivery; absent: made and returned once. */
  readonly secret?: string
  /** Transition kinds; absent: all. */
  readonly kinds?: readonly string[]
  readonly labels?: Readonly<Record<string, string>>
  /** Who formats the body; default the native event. A face registers its own format by name. */
  readonly format?: string
  readonly active?: boolean
}

export interface Webhook extends WebhookSpec {
  readonly id: string
  readonly createdAt: Instant
  readonly lastDelivery?: {
    readonly at: Instant
    readonly status?: number
    readonly problem?: string
    readonly pendingRetries: number
  }
}
