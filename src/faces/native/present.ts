/** Executions of the core → this wire. Runs on every read: one pass, no copies of what need not change. */
import type { Attempt, BoundPort, Execution, Progress, StepStatus } from '../../core/execution.ts'
import { currentAttempt, isFinal, stepsOf } from '../../core/execution.ts'
import type { Exit } from '../../core/exit.ts'
import { shellCode } from '../../core/exit.ts'
import { attemptIdOf } from '../../core/identity.ts'
import type { Instant } from '../../core/instant.ts'
import { durationText } from '../../core/quantity-text.ts'
import type { StepSpec } from '../../core/step-spec.ts'
import type { Waiting } from '../../engine/engine.ts'
import { timeText } from './units.ts'
import type * as wire from './wire/execution.ts'

/** Undefined members are left out by the serializer. */
type Loose<T> = { readonly [K in keyof T]: T[K] | undefined }

const time = (instant: Instant | undefined): string | undefined =>
  instant === undefined ? undefined : timeText(instant)

export function presentExecution(e: Execution, waiting?: Waiting): wire.Execution {
  const { submission, status } = e
  const specs = stepsOf(e)
  const shown: Loose<wire.Execution> = {
    id: e.id,
    name: submission.name,
    task: submission.task,
    state: status.state,
    reason: status.reason ?? waiting?.reason ?? null,
    exitCode: exitCodeOf(e, specs),
    desired: status.desired,
    stopCause: status.stopCause && {
      kind: status.stopCause.kind,
      reason: status.stopCause.reason,
      ...(status.stopCause.by !== undefined && { by: status.stopCause.by }),
      at: timeText(status.stopCause.at),
    },
    waiting,
    acceptedAt: timeText(submission.acceptedAt),
    placedAt: time(status.placedAt),
    startedAt: time(status.startedAt),
    stoppingAt: time(status.stoppingAt),
    finishedAt: time(status.finishedAt),
    deadlineAt: time(status.deadlineAt),
    notBefore: time(status.notBefore ?? submission.notBefore),
    expiresAt: time(submission.expiresAt),
    node: status.allocation?.node,
    trigger: submission.trigger,
    face: submission.face,
    principal: submission.principal.id,
    key: submission.key,
    priority: submission.priority,
    timeout: submission.timeoutMs === undefined ? undefined : durationText(submission.timeoutMs),
    retries: status.retries,
    labels: submission.labels,
    refs: submission.refs,
    progress: status.progress && presentProgress(status.progress),
    steps: status.steps.map((step, i) => presentStep(e, i, specs[i]!, step)),
    version: e.version,
  }
  return shown as wire.Execution
}

/**
 * The code of the execution: of a failed one, that of the essential step that failed first; of any other final one, of
 * the essential step that ended last. Absent until it is final, where no essential step has a code, and where it failed
 * by a step without one (refused, lost) though the others ended with 0.
 */
export function exitCodeOf(e: Execution, specs: readonly StepSpec[]): number | undefined {
  if (!isFinal(e)) return undefined
  let chosen: { readonly at: Instant; readonly code: number; readonly bad: boolean } | undefined
  for (const [i, step] of e.status.steps.entries()) {
    const exit = specs[i]?.essential ? currentAttempt(step)?.exit : undefined
    const code = exit && shellCode(exit)
    if (code === undefined) continue
    const next = { at: step.finishedAt ?? 0, code, bad: step.state === 'failed' }
    if (chosen === undefined || outranks(next, chosen)) chosen = next
  }
  // The others ended well: a code of 0 would say that of what failed without one of its own.
  const isTrue = chosen?.bad || chosen?.code !== 0 || (e.status.state !== 'failed' && e.status.state !== 'lost')
  return isTrue ? chosen?.code : undefined
}

function outranks(a: { at: Instant; bad: boolean }, b: { at: Instant; bad: boolean }): boolean {
  if (a.bad !== b.bad) return a.bad
  return a.bad ? a.at < b.at : a.at > b.at
}

function presentStep(e: Execution, ordinal: number, spec: StepSpec, step: StepStatus): wire.StepStatus {
  const exit = currentAttempt(step)?.exit
  const shown: Loose<wire.StepStatus> = {
    name: spec.name,
    group: spec.group,
    kind: spec.work.kind,
    needs: spec.conditions as wire.StepStatus['needs'],
    essential: spec.essential,
    state: step.state,
    reason: step.reason,
    exitCode: exit && shellCode(exit),
    health: step.health,
    retries: step.retries,
    notBefore: time(step.notBefore),
    startedAt: time(step.startedAt),
    stoppingAt: time(step.stoppingAt),
    finishedAt: time(step.finishedAt),
    outputs: step.outputs,
    progress: step.progress && presentProgress(step.progress),
    awaited: step.awaited,
    attempts: step.attempts.map((attempt) => presentAttempt(e, ordinal, attempt)),
  }
  return shown as wire.StepStatus
}

function presentAttempt(e: Execution, ordinal: number, attempt: Attempt): wire.Attempt {
  const { exit, usage } = attempt
  const shown: Loose<wire.Attempt> = {
    id: attemptIdOf(e.id, ordinal, attempt.number),
    number: attempt.number,
    epoch: attempt.epoch,
    executor: attempt.executor,
    requestedAt: timeText(attempt.requestedAt),
    startedAt: time(attempt.startedAt),
    exitedAt: time(attempt.exitedAt),
    exit: exit as Exclude<wire.Attempt['exit'], undefined>,
    exitCode: exit && shellCode(exit),
    cpuSeconds: usage?.cpuMicros === undefined ? undefined : usage.cpuMicros / 1_000_000,
    peakMemoryBytes: usage?.peakMemoryBytes,
    ports: attempt.ports as BoundPort[] | undefined,
    handle: attempt.handle,
    imageDigest: attempt.imageDigest,
    address: attempt.address,
  }
  return shown as wire.Attempt
}

const presentProgress = (progress: Progress) => ({ ...progress, at: timeText(progress.at) })

/** With its code as a shell says it. */
export const presentExit = (exit: Exit) => ({ ...exit, exitCode: shellCode(exit) })
