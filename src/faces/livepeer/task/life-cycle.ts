/** Core facts → what Livepeer says of a task: the one place where states are translated. */
import type { Execution, ExecutionState, StepStatus } from '../../../core/execution.ts'
import { currentAttempt, isFinalStep, stepsOf } from '../../../core/execution.ts'
import { shellCode, succeeded } from '../../../core/exit.ts'
import { failureOfExit, MEDIA_FAILURES } from '../../../media/failure.ts'
import type { TaskPhase, TaskRecord } from './task-record.ts'

export interface TaskStatus {
  readonly phase: TaskPhase
  readonly updatedAt: number
  /** 0–1 */
  readonly progress?: number
  readonly errorMessage?: string
  readonly retries?: number
}

/** `waiting` until a step first runs; a running one whose only work waits to be tried again is `waiting` as well. */
const PHASES: Readonly<Record<ExecutionState, TaskPhase>> = {
  pending: 'waiting',
  starting: 'waiting',
  running: 'running',
  stopping: 'running',
  succeeded: 'completed',
  failed: 'failed',
  lost: 'failed',
  cancelled: 'cancelled',
}

/** `execution`: the record's newest; absent while there is none, or once it was removed. */
export function statusOf(record: TaskRecord, execution: Execution | undefined): TaskStatus {
  const { end, updatedAt } = record
  if (end) return endOf(end)
  if (!execution)
    return record.execution ? { phase: 'waiting', updatedAt, retries: 0 } : { phase: 'pending', updatedAt }
  const phase = phaseOf(execution)
  const retries = retriesOf(execution)
  if (phase === 'waiting') return { phase, updatedAt, ...(execution.status.startedAt && failureIn(execution)), retries }
  const { progress } = execution.status
  return {
    phase,
    updatedAt: progress?.at ?? updatedAt,
    progress: progressOf(execution, record.reached),
    ...(retries > 0 && { retries }),
  }
}

function endOf({ phase, at, errorMessage, retries }: NonNullable<TaskRecord['end']>): TaskStatus {
  if (phase === 'completed') return { phase, updatedAt: at }
  return { phase, updatedAt: at, ...(errorMessage !== undefined && { errorMessage }), retries }
}

export function phaseOf(execution: Execution): TaskPhase {
  const phase = PHASES[execution.status.state]
  return phase === 'running' && isBackingOff(execution) ? 'waiting' : phase
}

const isBackingOff = ({ status }: Execution): boolean =>
  status.steps.some((s) => s.state === 'waiting' && s.retries > 0) &&
  !status.steps.some((s) => s.state === 'running' || s.state === 'starting' || s.state === 'stopping')

export const retriesOf = ({ status }: Execution): number =>
  status.steps.reduce((sum, step) => sum + step.retries, 0) + status.retries

const failureIn = (execution: Execution): { readonly errorMessage: string } | undefined => {
  const failed = execution.status.steps.find((s) => s.attempts.length > 0 && s.state !== 'succeeded' && s.retries > 0)
  return failed && { errorMessage: messageOf(failed) }
}

/** What a user is told of a task that failed. */
export function errorMessageOf(execution: Execution): string {
  const { steps, stopCause } = execution.status
  if (stopCause?.kind === 'timeout' || stopCause?.kind === 'expired') return 'execution timeout'
  const specs = stepsOf(execution)
  const essential = steps.filter((_, i) => specs[i]!.essential)
  const culprit = essential.find((s) => s.state === 'failed') ?? essential.find((s) => s.state === 'lost')
  return culprit ? messageOf(culprit) : MEDIA_FAILURES.internal.message
}

function messageOf(step: StepStatus): string {
  const exit = currentAttempt(step)?.exit
  if (!exit || succeeded(exit)) return MEDIA_FAILURES.internal.message
  if (exit.outcome === 'timedOut') return 'execution timeout'
  if (exit.outcome === 'refused')
    return `${MEDIA_FAILURES.internal.message}: ${exit.reason?.message ?? 'it could not start'}`
  return (failureOfExit(shellCode(exit)) ?? MEDIA_FAILURES.internal).message
}

/** The essential steps under way, by their names. */
export function stepOf(execution: Execution): { readonly step?: string } {
  const specs = stepsOf(execution)
  const active = specs.filter(({ essential }, i) => essential && execution.status.steps[i]!.state === 'running')
  return active.length === 0 ? {} : { step: active.map(({ name }) => name).join(', ') }
}

/** Where each group of steps begins and ends in the whole. */
const SPANS: readonly (readonly [from: number, to: number])[] = [
  [0, 0.2],
  [0.2, 0.25],
  [0.25, 0.9],
  [0.9, 0.95],
  [0.95, 0.99],
]

/** From programs' own reports, 0–1; the group under way counts as the mean of its essential steps. */
export function progressOf(execution: Execution, reached = 0): number {
  const specs = stepsOf(execution)
  const { steps } = execution.status
  const open = steps.flatMap((s, i) => (isFinalStep(s.state) || !specs[i]!.essential ? [] : [specs[i]!.group]))
  const group = open.length === 0 ? Math.max(...specs.map((s) => s.group)) : Math.min(...open)
  const inGroup = steps.filter((_, i) => specs[i]!.group === group && specs[i]!.essential)
  const mean = inGroup.reduce((sum, s) => sum + shareDone(s), 0) / inGroup.length
  const [from, to] = SPANS[Math.min(group, SPANS.length - 1)]!
  return Math.max(reached, Math.round((from + (to - from) * mean) * 1_000) / 1_000)
}

const shareDone = (step: StepStatus): number => (isFinalStep(step.state) ? 1 : (step.progress?.percent ?? 0) / 100)
