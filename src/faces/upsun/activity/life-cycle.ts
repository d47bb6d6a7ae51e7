/** An activity's state, result and timings as functions of its execution (reference §3.1, §3.2). */
import {
  currentAttempt,
  type Execution,
  type ExecutionState,
  isFinal,
  isFinalState,
  isFinalStep,
  type StepStatus,
  stepsOf,
} from '../../../core/execution.ts'
import { shellCode } from '../../../core/exit.ts'
import type { Instant } from '../../../core/instant.ts'
import type { StepSpec } from '../../../core/step-spec.ts'
import { STEP } from '../task/plan-of-run.ts'

export type ActivityState = 'pending' | 'in_progress' | 'complete' | 'cancelled'
export type ActivityResult = 'success' | 'failure' | null

export const stateOf = (e: Execution): ActivityState =>
  !isFinal(e) && isBuilding(e) ? 'in_progress' : activityStateOf(e.status.state)

/** A deployment runs nothing of its own and has no place: it begins when it begins to await its builds. */
const isBuilding = (e: Execution): boolean => isDeployment(e) && buildingSince(e) !== undefined

export const isDeployment = (e: Execution): boolean => stepsOf(e).every(({ work }) => work.kind === 'await')

/** Builds are started where they have not been; other deployments are only waited for. */
export const isBuild = ({ work }: StepSpec): boolean => work.kind === 'await' && work.task !== undefined

function buildingSince(e: Execution): Instant | undefined {
  return e.status.steps.find((step, i) => isBuild(stepsOf(e)[i]!) && step.startedAt !== undefined)?.startedAt
}

/** When it was no longer pending. */
export const beganAt = (e: Execution): Instant | undefined =>
  isDeployment(e) ? buildingSince(e) : (e.status.placedAt ?? e.status.startedAt)

export function activityStateOf(state: ExecutionState): ActivityState {
  switch (state) {
    case 'pending':
      return 'pending'
    case 'starting':
    case 'running':
    case 'stopping':
      return 'in_progress'
    case 'cancelled':
      return 'cancelled'
    case 'succeeded':
    case 'failed':
    case 'lost':
      return 'complete'
  }
}

export const resultOf = (e: Execution): ActivityResult => resultOfState(e.status.state)

/** A cancelled one is a failure too: only so do clients say that it was cancelled (reference §0.6). */
export function resultOfState(state: ExecutionState): ActivityResult {
  if (!isFinalState(state)) return null
  return state === 'succeeded' ? 'success' : 'failure'
}

/** `shell`: the command failed, by its exit code, a signal, its time or its memory. `error`: anything else did. */
export function failureReasonOf(e: Execution): 'error' | 'shell' | null {
  if (!isFinal(e) || e.status.state === 'succeeded' || e.status.state === 'cancelled') return null
  if (e.status.state === 'lost') return 'error'
  const { spec, step } = culpritOf(e) ?? {}
  // Of a build that failed its command did: the hook, or a package manager.
  if (spec && isBuild(spec)) return step?.reason?.facts?.state === 'failed' ? 'shell' : 'error'
  const outcome = step && currentAttempt(step)?.exit?.outcome
  return outcome === undefined || outcome === 'refused' || outcome === 'lost' ? 'error' : 'shell'
}

/** The step that the activity failed by. */
export function culpritOf(e: Execution): { readonly spec: StepSpec; readonly step: StepStatus } | undefined {
  const ordinal = e.status.steps.findIndex(({ state }, i) => state === 'failed' && stepsOf(e)[i]!.essential)
  return ordinal === -1 ? undefined : { spec: stepsOf(e)[ordinal]!, step: e.status.steps[ordinal]! }
}

export function completionPercentOf(e: Execution): number {
  if (isFinal(e)) return 100
  const { steps } = e.status
  if (stateOf(e) === 'pending') return 0
  return Math.min(99, Math.max(1, Math.floor((100 * steps.filter((s) => isFinalStep(s.state)).length) / steps.length)))
}

/** Seconds by phase. */
export function timingsOf(e: Execution, now: number): Readonly<Record<string, number>> {
  const { finishedAt } = e.status
  const timings: Record<string, number> = { wait: seconds(e.submission.acceptedAt, beganAt(e) ?? finishedAt ?? now) }
  stepsOf(e).forEach((spec, i) => {
    const [from, until] = spanOf(e.status.steps[i]!)
    const phase = phaseOf(spec)
    if (from === undefined || phase === undefined) return
    timings[phase] = Math.max(timings[phase] ?? 0, seconds(from, until ?? finishedAt ?? now))
  })
  return timings
}

function phaseOf(spec: StepSpec): 'build' | 'deploy' | 'execute' | undefined {
  if (spec.work.kind === 'await') return isBuild(spec) ? 'build' : undefined
  return spec.name === STEP.run ? 'execute' : 'deploy'
}

function spanOf(step: StepStatus): readonly [number | undefined, number | undefined] {
  return [step.startedAt ?? step.attempts[0]?.startedAt, currentAttempt(step)?.exitedAt ?? step.finishedAt]
}

const seconds = (from: number, until: number): number => Math.max(0, (until - from) / 1_000)

/** What a shell would say of each command that ended. */
export function commandsOf(e: Execution, app: string): readonly object[] {
  return e.submission.plan.steps.flatMap((spec, i) => {
    const exit = currentAttempt(e.status.steps[i]!)?.exit
    const code = exit && (shellCode(exit) ?? (exit.outcome === 'exited' ? 0 : 1))
    return code === undefined || spec.work.kind !== 'run' ? [] : [{ app, type: spec.name, exit_code: code }]
  })
}
