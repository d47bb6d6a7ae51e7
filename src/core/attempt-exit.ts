import type { Draft } from './draft.ts'
import { amendAttempt, amendStep, moveStep } from './draft.ts'
import type { StepState, StepStatus } from './execution.ts'
import { currentAttempt, isFinalStep } from './execution.ts'
import type { AttemptExited } from './execution-event.ts'
import type { Exit } from './exit.ts'
import { shellCode, succeeded } from './exit.ts'
import { attemptIdOf } from './identity.ts'
import type { Reason } from './reason.ts'
import { reason } from './reason.ts'
import { backoffMs, DEFAULT_BACKOFF, shouldRetry } from './retry-policy.ts'
import { requestStop } from './stop-request.ts'

/** Records how the step's current attempt ended, and decides: tried again, or final. */
export function recordExit(draft: Draft, ordinal: number, event: AttemptExited): void {
  const exit = judged(event)
  amendAttempt(draft, ordinal, {
    exit,
    exitedAt: event.at,
    ...(event.startedAt !== undefined && { startedAt: event.startedAt }),
    ...(event.usage && { usage: event.usage }),
    ...(event.log !== undefined && { log: event.log }),
  })
  if (event.startedAt !== undefined && draft.steps[ordinal]!.startedAt === undefined)
    amendStep(draft, ordinal, { startedAt: event.startedAt })
  if (event.outputs && exit === event.exit) mergeOutputs(draft, ordinal, event.outputs)
  if (draft.steps[ordinal]!.state !== 'stopping' && draft.status.desired === 'run' && retried(draft, ordinal, exit))
    return
  finish(draft, ordinal, exit)
}

/** A program that broke the rules of its outputs file has failed, whatever it said. */
function judged(event: AttemptExited): Exit {
  if (event.outputsProblem === undefined || !succeeded(event.exit)) return event.exit
  return { ...event.exit, outcome: 'refused', reason: reason('output_invalid', event.outputsProblem) }
}

/** An empty value unsets its key. */
export function mergeOutputs(draft: Draft, ordinal: number, outputs: Readonly<Record<string, string>>): void {
  const merged = Object.entries({ ...draft.steps[ordinal]!.outputs, ...outputs }).filter(([, value]) => value !== '')
  amendStep(draft, ordinal, { outputs: Object.fromEntries(merged) })
  const step = draft.specs[ordinal]!.name
  draft.transitions.push({ kind: 'step.outputs', step, ordinal, keys: Object.keys(outputs) })
}

function retried(draft: Draft, ordinal: number, exit: Exit): boolean {
  const policy = draft.specs[ordinal]!.retry
  const step = draft.steps[ordinal]!
  if (policy === undefined || !shouldRetry(policy, exit, step.retries + 1, uptimeMs(step))) return false
  const retries = step.retries + 1
  const notBefore = draft.now + backoffMs(policy.backoff ?? DEFAULT_BACKOFF, retries)
  const attempt = attemptIdOf(draft.before.id, ordinal, currentAttempt(step)!.number)
  draft.transitions.push({ kind: 'step.retrying', step: draft.specs[ordinal]!.name, ordinal, attempt, exit, notBefore })
  const why = reason('backoff', `try ${retries} ended (${describeExit(exit)}); it is tried again`, { retries })
  moveStep(draft, ordinal, 'waiting', { retries, notBefore, reason: why, health: 'none' })
  return true
}

export function uptimeMs(step: StepStatus): number {
  const attempt = currentAttempt(step)
  if (attempt?.startedAt === undefined || attempt.exitedAt === undefined) return 0
  return Math.max(0, attempt.exitedAt - attempt.startedAt)
}

function finish(draft: Draft, ordinal: number, exit: Exit): void {
  const to = finalStateOf(draft.steps[ordinal]!.state, exit)
  const why = to === 'succeeded' ? undefined : reasonOf(exit)
  moveStep(draft, ordinal, to, { finishedAt: draft.now, ...reasonChange(why) })
  endExecutionIfAsked(draft, ordinal, to)
}

const reasonChange = (why: Reason | undefined): Partial<StepStatus> =>
  ({ reason: why, notBefore: undefined }) as unknown as Partial<StepStatus>

function finalStateOf(from: StepState, exit: Exit): StepState {
  if (exit.outcome === 'lost') return 'lost'
  if (exit.outcome === 'timedOut') return 'failed'
  if (from === 'stopping') return 'stopped'
  return succeeded(exit) ? 'succeeded' : 'failed'
}

function endExecutionIfAsked(draft: Draft, ordinal: number, state: StepState): void {
  const spec = draft.specs[ordinal]!
  const othersGoOn = draft.steps.some((s, i) => i !== ordinal && !isFinalStep(s.state))
  if (!othersGoOn || spec.endsExecution === 'never' || spec.endsExecution === 'onGroupFailure') return
  if (state === 'stopped') return
  if (state === 'succeeded') {
    if (spec.endsExecution !== 'onExit') return
    const why = reason('essential_exited', `step ${spec.name} ended, and the execution with it`, { step: spec.name })
    requestStop(draft, { kind: 'essentialExit', reason: why })
  } else {
    const why = reason('essential_failed', `step ${spec.name} ${state === 'lost' ? 'was lost' : 'failed'}`, {
      step: spec.name,
    })
    requestStop(draft, { kind: spec.endsExecution === 'onExit' ? 'essentialExit' : 'essentialFailure', reason: why })
  }
}

/** The exit as a reason: its own, or one made from code and signal. */
export function reasonOf(exit: Exit): Reason {
  if (exit.reason) return exit.reason
  switch (exit.outcome) {
    case 'exited':
      return reason('exit_code', `it exited with code ${exit.code}`, { exitCode: exit.code ?? 0 })
    case 'signaled':
      return reason('signal', `${exit.signal} ended it`, { signal: exit.signal ?? '' })
    case 'outOfMemory':
      return reason('out_of_memory', 'it used more memory than it may')
    case 'timedOut':
      return reason('step_timeout', 'it ran longer than it may')
    case 'lost':
      return reason('executor_lost', 'what became of it is not known')
    case 'refused':
      return reason('refused_by_executor', 'it could not be started')
  }
}

export function describeExit(exit: Exit): string {
  const code = shellCode(exit)
  if (exit.outcome === 'exited') return `exit code ${code}`
  if (exit.outcome === 'signaled') return exit.signal ?? 'a signal'
  return reasonOf(exit).message
}
