/**
 * Submission: a request becomes an execution, and where there is room it is placed and started in the very commit that
 * accepts it. What was answered is durable.
 */
import { advance, newStatus } from '../core/advance.ts'
import { withoutUndefined } from '../core/draft.ts'
import { EngineError, invalid, notFound } from '../core/engine-error.ts'
import type { Transition } from '../core/event.ts'
import type { Execution, Submission } from '../core/execution.ts'
import type { Principal, Tenant } from '../core/identity.ts'
import { checkPlan, reservationOfPlan } from '../core/plan.ts'
import type { Change } from '../core/ports/store.ts'
import type { Reservation } from '../core/resources.ts'
import type { StepSpec } from '../core/step-spec.ts'
import type { Task } from '../core/task.ts'
import { wantsPlace } from '../core/wants-place.ts'
import type { Decision, Placement } from '../scheduler/decision.ts'
import type { Candidate } from '../scheduler/snapshot.ts'
import { checkSubmission } from './check-submission.ts'
import type { Context } from './context.ts'
import { afterCommit } from './effects.ts'
import { type KeyScope, keyDocument, keyIsTaken, knownAnswer } from './idempotency-key.ts'
import { reactions } from './reactions.ts'
import type { SubmissionRequest, SubmitOptions, SubmitResult } from './submission-request.ts'
import { findTask } from './tasks.ts'
import { eventsOf } from './transitions.ts'

/** A face whose documents move under it so often does not come to rest. */
const MOST_CONFLICTS = 20

interface Prepared {
  readonly request: SubmissionRequest
  readonly execution: Execution
  readonly candidate: Candidate
  readonly transitions: readonly Transition[]
  readonly decision: Decision | undefined
}

export async function submit(
  context: Context,
  principal: Principal,
  requests: readonly SubmissionRequest[],
  options: SubmitOptions = {},
): Promise<readonly SubmitResult[]> {
  const known = await answeredBefore(context, principal, requests, options)
  if (known) return known
  const accepted = await Promise.all(requests.map((r, i) => executionOf(context, principal, r, i)))
  const prepared = decide(context, requests, accepted)
  const entering = prepared.filter((p) => p.decision?.kind !== 'refuse')
  const results = prepared.map(resultOf)
  try {
    if (entering.length > 0) await commitAll(context, principal, entering, results, options)
  } catch (error) {
    if (wasNotStored(error)) for (const { execution } of entering) context.ledger.release(execution.id)
    const again = isKeyConflict(error) && (await answeredBefore(context, principal, requests, options))
    if (again) return again
    throw error
  }
  for (const one of entering) enter(context, one)
  return results
}

const answeredBefore = async (
  context: Context,
  principal: Principal,
  requests: readonly SubmissionRequest[],
  { idempotency }: SubmitOptions,
): Promise<readonly SubmitResult[] | undefined> =>
  idempotency && requests[0] && knownAnswer(context, scopeOf(principal, requests[0]), idempotency)

const scopeOf = ({ tenant }: Principal, { face }: SubmissionRequest): KeyScope => ({ tenant, face })

function resultOf({ execution, decision }: Prepared): SubmitResult {
  if (decision?.kind === 'refuse') return { kind: 'refused', reason: decision.reason, shortfalls: decision.shortfalls }
  return { kind: 'accepted', execution, repeated: false }
}

async function executionOf(
  context: Context,
  principal: Principal,
  request: SubmissionRequest,
  index: number,
): Promise<Execution> {
  const task = request.task && !request.plan ? await activeTask(context, principal.tenant, request.task) : undefined
  const submission = submissionOf(context, principal, request, task)
  const path = index === 0 ? 'plan' : `[${index}].plan`
  if (!task) checkPlan(submission.plan, path)
  checkSubmission(submission, path)
  const id = request.id ?? context.ids.execution()
  return { id, tenant: principal.tenant, submission, status: newStatus(submission.plan.steps.length), version: 1 }
}

async function activeTask(
  context: Context,
  tenant: Tenant,
  which: { readonly name: string; readonly revision?: number },
): Promise<Task> {
  const task = await findTask(context, tenant, which.name, which.revision)
  if (!task) throw notFound('task', which.revision === undefined ? which.name : `${which.name}:${which.revision}`)
  if (task.state === 'inactive')
    throw new EngineError('conflict', `task ${task.name}:${task.revision} is inactive`, {
      subject: 'task',
      id: task.name,
    })
  return task
}

function submissionOf(
  context: Context,
  principal: Principal,
  request: SubmissionRequest,
  task: Task | undefined,
): Submission {
  const base = request.plan ?? task?.spec.plan
  if (!base) throw invalid('plan', 'either a plan or a task is needed')
  const plan = request.env ? { steps: base.steps.map((s) => withEnv(s, request.env!)) } : base
  const spec = task?.spec
  const named = task
    ? { name: task.name, revision: task.revision }
    : request.task?.revision !== undefined
      ? { name: request.task.name, revision: request.task.revision }
      : undefined
  return defined({
    name: request.name,
    task: named,
    plan,
    trigger: request.trigger ?? { kind: 'api' as const },
    principal,
    acceptedAt: context.now(),
    timeoutMs: request.timeoutMs ?? spec?.timeoutMs,
    expiresAt: request.expiresAt,
    expiryIgnoresCapacity: request.expiryIgnoresCapacity,
    notBefore: request.notBefore,
    retry: request.retry ?? spec?.retry,
    priority: request.priority ?? spec?.priority ?? 0,
    concurrency: request.concurrency ?? spec?.concurrency,
    ifNoRoom: request.ifNoRoom ?? spec?.ifNoRoom ?? 'queue',
    placement: request.placement ?? spec?.placement,
    reservation: atLeast(reservationOfPlan(plan), request.reservation),
    key: request.key,
    labels: { ...spec?.labels, ...request.labels },
    refs: { ...spec?.refs, ...request.refs },
    face: request.face,
    retentionMs: request.retentionMs ?? spec?.retentionMs,
  })
}

/** Leaves out what is undefined, as `exactOptionalPropertyTypes` and the store want it. */
const defined = (fields: { [K in keyof Submission]: Submission[K] | undefined }): Submission =>
  withoutUndefined(fields) as Submission

const atLeast = (a: Reservation, b: Reservation | undefined): Reservation =>
  b ? { cpuUnits: Math.max(a.cpuUnits, b.cpuUnits), memoryBytes: Math.max(a.memoryBytes, b.memoryBytes) } : a

const withEnv = (step: StepSpec, env: Readonly<Record<string, string>>): StepSpec =>
  step.work.kind === 'run' ? { ...step, work: { ...step.work, env: { ...step.work.env, ...env } } } : step

/** Places what can be placed now and books it; the rest stays pending, or is refused where it asked for that. */
function decide(
  context: Context,
  requests: readonly SubmissionRequest[],
  executions: readonly Execution[],
): readonly Prepared[] {
  const begun = executions.map((e) => beginAwaits(context, e))
  const candidates = begun.map(({ execution }) => context.dispatcher.candidate(execution))
  const wanting = candidates.filter((_, i) => wantsPlace(begun[i]!.execution))
  const decisions = new Map(context.dispatcher.decideNow(wanting).map((d) => [d.execution, d]))
  return begun.map(({ execution, transitions }, i) => {
    const decision = decisions.get(execution.id)
    const prepared = { request: requests[i]!, candidate: candidates[i]!, decision, execution, transitions }
    if (decision?.kind === 'place') return placedNow(context, prepared, decision)
    if (decision?.kind !== 'defer') return prepared
    return { ...prepared, execution: { ...execution, status: { ...execution.status, reason: decision.reason } } }
  })
}

/** Await steps that nothing precedes begin with the acceptance: they need no place. */
function beginAwaits(context: Context, execution: Execution): Pick<Prepared, 'execution' | 'transitions'> {
  const opened: readonly Transition[] = [{ kind: 'execution.state', to: 'pending' }]
  if (execution.submission.plan.steps.every((s) => s.work.kind === 'run')) return { execution, transitions: opened }
  const begun = advance(execution, { kind: 'due', at: context.now() }, context.now())
  if (begun.kind === 'refused') return { execution, transitions: opened }
  return { execution: { ...begun.execution, version: 1 }, transitions: [...opened, ...begun.transitions] }
}

function placedNow(context: Context, prepared: Prepared, decision: Placement): Prepared {
  const { execution, transitions } = prepared
  context.ledger.book(execution, decision.node, decision.ports)
  const placed = advance(execution, context.dispatcher.placedEvent(execution, decision), context.now())
  if (placed.kind === 'refused') return prepared
  return {
    ...prepared,
    execution: { ...placed.execution, version: 1 },
    transitions: [...transitions, ...placed.transitions],
  }
}

/** Again when a face's document moved under its reaction; any other refusal is the caller's. */
async function commitAll(
  context: Context,
  principal: Principal,
  entering: readonly Prepared[],
  results: readonly SubmitResult[],
  options: SubmitOptions,
): Promise<void> {
  const reacting = entering.some((p) => context.reactors.some((r) => r.face === p.execution.submission.face))
  for (let conflicts = 0; ; conflicts++) {
    try {
      await context.store.commit(await changesOf(context, principal, entering, results, options))
      return
    } catch (error) {
      if (!reacting || !isKeyConflict(error) || conflicts === MOST_CONFLICTS) throw error
      const scope = scopeOf(principal, entering[0]!.request)
      if (options.idempotency && (await keyIsTaken(context, scope, options.idempotency.key))) throw error
    }
  }
}

async function changesOf(
  context: Context,
  principal: Principal,
  entering: readonly Prepared[],
  results: readonly SubmitResult[],
  { idempotency }: SubmitOptions,
): Promise<readonly Change[]> {
  const changes: Change[] = []
  for (const { execution, transitions, request } of entering) {
    const events = eventsOf(execution, transitions, execution.submission.acceptedAt)
    changes.push({ kind: 'execution.insert', execution })
    for (const event of events) changes.push({ kind: 'event', event })
    if (request.changes) changes.push(...request.changes)
    const extra = reactions(context, execution, events, changes)
    changes.push(...(extra instanceof Promise ? await extra : extra))
  }
  if (idempotency) changes.push(keyDocument(scopeOf(principal, entering[0]!.request), idempotency, results))
  return changes
}

/** After any other failure it may be there: its place stays taken until the store has been read again. */
const wasNotStored = (error: unknown): boolean => error instanceof EngineError && error.code !== 'unavailable'

const isKeyConflict = (error: unknown): boolean =>
  error instanceof EngineError && error.code === 'conflict' && error.facts.subject === 'document'

function enter(context: Context, { execution, candidate, transitions }: Prepared): void {
  context.roster.enter(execution)
  if (wantsPlace(execution)) context.dispatcher.enqueue(execution, candidate)
  afterCommit(context, undefined, execution, transitions)
}
