import type { Execution } from '../core/execution.ts'
import { currentAttempt, isFinalStep, stepsOf } from '../core/execution.ts'
import type { Exit } from '../core/exit.ts'
import type { AttemptId } from '../core/identity.ts'
import { attemptIdOf } from '../core/identity.ts'
import type { Place, Work } from '../core/ports/executor.ts'
import type { Reason } from '../core/reason.ts'
import { reason } from '../core/reason.ts'
import type { RunSpec, StepSpec } from '../core/step-spec.ts'
import type { Context } from './context.ts'
import { resolveEnvironment } from './resolve-environment.ts'

/** First wait before a start that was not taken is tried again, ms. */
const FIRST_WAIT_MS = 100

/** Hands the step's present attempt to its executor; tries again while it is wanted. Idempotent. */
export function startAttempt(context: Context, execution: Execution, ordinal: number, waitMs = FIRST_WAIT_MS): void {
  const attempt = currentAttempt(execution.status.steps[ordinal]!)
  if (!attempt) return
  const id = attemptIdOf(execution.id, ordinal, attempt.number)
  begin(context, execution, ordinal, attempt.executor, id).catch((error: unknown) => {
    const why = reason('executor_unavailable', `the ${attempt.executor} executor did not take it: ${messageOf(error)}`)
    void context.transitions.tell(execution.id, { kind: 'attemptWaiting', attempt: id, reason: why })
    context.alarms.at(context.now() + waitMs, () => {
      startAgain(context, execution, ordinal, attempt.number, Math.min(waitMs * 2, 10_000))
    })
  })
}

function startAgain(context: Context, execution: Execution, ordinal: number, number: number, waitMs: number): void {
  const now = context.roster.get(execution.id)
  const step = now?.status.steps[ordinal]
  if (now && step?.state === 'starting' && currentAttempt(step)?.number === number)
    startAttempt(context, now, ordinal, waitMs)
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

async function begin(
  context: Context,
  execution: Execution,
  ordinal: number,
  kind: string,
  id: AttemptId,
): Promise<void> {
  const spec = stepsOf(execution)[ordinal]!
  const run = spec.work as RunSpec
  const env = resolveEnvironment(context, execution, run)
  const resolved = env instanceof Promise ? await env : env
  if (resolved.missing) return refuse(context, execution, id, resolved.missing)
  const credential =
    run.registrySecret === undefined ? undefined : await registryCredential(context, execution, run.registrySecret)
  if (credential && 'code' in credential) return refuse(context, execution, id, credential)
  const given = context.attemptEnvironment?.(execution.tenant, id)
  const work = workOf(execution, ordinal, spec, run, given ? { ...given, ...resolved.env } : resolved.env)
  await context.executors.get(kind).start(id, credential ? { ...work, registryCredential: credential } : work)
}

async function registryCredential(
  context: Context,
  execution: Execution,
  name: string,
): Promise<{ readonly username: string; readonly password: string } | Reason> {
  const text = await context.secrets.resolve(execution.tenant, name)
  if (text === undefined)
    return reason('secret_missing', `there is no secret ${name} for the image's registry`, { secret: name })
  const { username, password } = parsedObject(text)
  if (typeof username === 'string' && typeof password === 'string') return { username, password }
  return reason('secret_missing', `secret ${name} is not {"username","password"}`, { secret: name })
}

function parsedObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

async function refuse(context: Context, execution: Execution, attempt: AttemptId, why: Reason): Promise<void> {
  const exit: Exit = { outcome: 'refused', reason: why }
  await context.transitions.apply(execution.id, { kind: 'attemptExited', attempt, at: context.now(), exit })
}

function workOf(
  execution: Execution,
  ordinal: number,
  spec: StepSpec,
  run: RunSpec,
  env: Readonly<Record<string, string>>,
): Work {
  const { allocation, deadlineAt } = execution.status
  return {
    place: {
      allocation: allocation!.id,
      tenant: execution.tenant,
      node: allocation!.node,
      ...diskOf(execution),
    },
    step: spec.name,
    labels: execution.submission.labels,
    run,
    env,
    resources: spec.resources,
    stop: spec.stop,
    ...(spec.timeoutMs !== undefined && { timeoutMs: spec.timeoutMs }),
    ...(deadlineAt !== undefined && { deadlineAt }),
    hostPorts: allocation!.ports.filter((p) => p.step === ordinal).map((p) => p.hostPort),
    ...(hasCompanions(execution, spec) && { hasCompanions: true }),
    closesAllocation: isLast(execution, ordinal, spec, run),
  }
}

const hasCompanions = (execution: Execution, spec: StepSpec): boolean =>
  stepsOf(execution).some((other) => other !== spec && other.group === spec.group && other.work.kind === 'run')

/** Steps share their workspace: the largest of their limits is its own. */
function diskOf(execution: Execution): Pick<Place, 'diskBytes'> {
  const limits = stepsOf(execution).flatMap(({ resources }) => resources.diskBytes ?? [])
  return limits.length === 0 ? {} : { diskBytes: Math.max(...limits) }
}

/** Nothing can follow this attempt in its allocation, so its executor may tear all down at its end. */
function isLast(execution: Execution, ordinal: number, spec: StepSpec, run: RunSpec): boolean {
  if (spec.retry || execution.submission.retry || run.appends) return false
  return execution.status.steps.every((s, i) => i === ordinal || isFinalStep(s.state))
}
