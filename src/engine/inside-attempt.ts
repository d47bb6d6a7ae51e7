/** What a running program may ask of the engine, and what users may ask of a running program. */
import { EngineError, invalid, notFound } from '../core/engine-error.ts'
import type { Attempt, Execution, Progress } from '../core/execution.ts'
import { currentAttempt, stepsOf } from '../core/execution.ts'
import type { ExecutionEvent } from '../core/execution-event.ts'
import type { AttemptId, ExecutionId, Tenant } from '../core/identity.ts'
import { attemptIdOf, attemptKeyOf } from '../core/identity.ts'
import { checkPlan, reservationOfPlan } from '../core/plan.ts'
import type { ExecRequest, ExecSession, Executor, Stats } from '../core/ports/executor.ts'
import type { StepSpec } from '../core/step-spec.ts'
import { checkStep } from './check-submission.ts'
import type { Context } from './context.ts'

export async function appendSteps(
  context: Context,
  tenant: Tenant,
  attempt: AttemptId,
  steps: readonly StepSpec[],
): Promise<Execution> {
  const { execution, spec } = running(context, tenant, attempt)
  if (spec.work.kind !== 'run' || !spec.work.appends)
    throw new EngineError('forbidden', `step ${spec.name} may not append steps`, { subject: 'step', id: spec.name })
  checkAppended(execution, steps)
  const executors = steps.map((s) => executorFor(context, s))
  await tell(context, execution, { kind: 'appended', attempt, steps, executors })
  return context.roster.get(execution.id) ?? execution
}

function checkAppended(execution: Execution, steps: readonly StepSpec[]): void {
  const known = stepsOf(execution)
  const fresh = steps.filter((s) => !known.some((k) => k.name === s.name))
  const plan = { steps: [...known, ...fresh] }
  checkPlan(plan, 'steps')
  for (const [i, step] of fresh.entries()) {
    checkStep(step, `steps[${i}]`)
    if (step.work.kind === 'run' && step.work.ports?.length)
      throw invalid(
        `steps[${i}].ports`,
        'an appended step cannot ask for ports: they are taken when the execution is placed',
      )
  }
  const wanted = reservationOfPlan(plan)
  const { reservation } = execution.submission
  if (wanted.cpuUnits > reservation.cpuUnits || wanted.memoryBytes > reservation.memoryBytes)
    throw invalid('steps', 'the appended steps need more than the execution has reserved', {
      wanted,
      reserved: reservation,
    })
}

function executorFor(context: Context, step: StepSpec): string {
  if (step.work.kind !== 'run') return ''
  const kind = context.executors.kindsFor(step)[0]
  if (kind !== undefined && context.executors.find(kind)) return kind
  throw new EngineError('unavailable', `no executor here can run step ${step.name}`, { subject: 'executor' })
}

export async function publishOutputs(
  context: Context,
  tenant: Tenant,
  attempt: AttemptId,
  outputs: Readonly<Record<string, string>>,
): Promise<void> {
  const { execution } = running(context, tenant, attempt)
  await tell(context, execution, { kind: 'outputs', attempt, outputs })
}

export async function reportProgress(
  context: Context,
  tenant: Tenant,
  attempt: AttemptId,
  progress: Omit<Progress, 'at'>,
): Promise<void> {
  const { execution } = running(context, tenant, attempt)
  await tell(context, execution, { kind: 'progress', attempt, progress: { ...progress, at: context.now() } })
}

async function tell(context: Context, execution: Execution, event: ExecutionEvent): Promise<void> {
  const applied = await context.transitions.apply(execution.id, event)
  if (applied !== 'advanced') throw new EngineError('conflict', 'the attempt has ended', { subject: 'attempt' })
}

/** The attempt's execution, while that attempt is its step's present one; fenced otherwise. */
function running(
  context: Context,
  tenant: Tenant,
  id: AttemptId,
): { readonly execution: Execution; readonly spec: StepSpec } {
  const key = attemptKeyOf(id)
  const execution = key && context.roster.ofTenant(tenant, key.execution)
  const step = execution?.status.steps[key!.step]
  const spec = execution && stepsOf(execution)[key!.step]
  if (!execution || !step || !spec) throw notFound('attempt', id)
  if (currentAttempt(step)?.number !== key!.number)
    throw new EngineError('conflict', 'the attempt has ended', { subject: 'attempt', id })
  return { execution, spec }
}

export async function exec(
  context: Context,
  tenant: Tenant,
  id: ExecutionId,
  step: string,
  request: ExecRequest,
): Promise<ExecSession> {
  const { executor, attempt } = live(context, tenant, id, step)
  if (!executor.exec || !executor.capabilities.exec)
    throw new EngineError('unavailable', `the ${executor.kind} executor cannot run commands in a task`)
  return executor.exec(attempt, request)
}

export async function stats(
  context: Context,
  tenant: Tenant,
  id: ExecutionId,
  step: string,
): Promise<Stats | undefined> {
  const { executor, attempt } = live(context, tenant, id, step)
  return executor.capabilities.stats ? executor.stats?.(attempt) : undefined
}

function live(
  context: Context,
  tenant: Tenant,
  id: ExecutionId,
  name: string,
): { readonly executor: Executor; readonly attempt: AttemptId } {
  const execution = context.roster.ofTenant(tenant, id)
  if (!execution) throw notFound('execution', id)
  const ordinal = stepsOf(execution).findIndex((s) => s.name === name)
  const step = execution.status.steps[ordinal]
  if (!step) throw notFound('step', name)
  const attempt: Attempt | undefined = currentAttempt(step)
  if (step.state !== 'running' || !attempt)
    throw new EngineError('conflict', `step ${name} is ${step.state}`, { subject: 'step', id: name })
  return { executor: context.executors.get(attempt.executor), attempt: attemptIdOf(id, ordinal, attempt.number) }
}
