/**
 * Why a task stopped, in AWS's sentences (reference ecs.md 5.5). The sentence says what kind of stop it was; the cause
 * stands in the containers' reasons.
 */
import type { Execution, StepStatus, StopCause } from '../../../core/execution.ts'
import { currentAttempt, stepsOf } from '../../../core/execution.ts'
import { essentialNeverStarted, everStarted, neverReady } from '../../../core/facts.ts'
import type { ReasonCode } from '../../../core/reason.ts'
import type { RunSpec } from '../../../core/step-spec.ts'
import { dependencyProblem } from './dependency-problem.ts'
import { isStopping } from './life-cycle.ts'
import { containerRecordOf } from './task-record.ts'

export interface Stopped {
  readonly stopCode: StopCode
  readonly stoppedReason: string
}

export type StopCode =
  | 'TaskFailedToStart'
  | 'EssentialContainerExited'
  | 'UserInitiated'
  | 'ServiceSchedulerInitiated'
  | 'TerminationNotice'

const ESSENTIAL_EXITED: Stopped = {
  stopCode: 'EssentialContainerExited',
  stoppedReason: 'Essential container in task exited',
}

/** Undefined while nobody wants it stopped. */
export function stoppedOf(e: Execution): Stopped | undefined {
  const cause = e.status.stopCause
  if (cause) return stoppedBy(cause, e)
  if (!isStopping(e)) return undefined
  if (e.status.steps.some((s, i) => s.state === 'lost' && stepsOf(e)[i]?.essential)) return hostLost(e)
  return byItself(e)
}

function stoppedBy(cause: StopCause, e: Execution): Stopped {
  switch (cause.kind) {
    case 'user':
      return { stopCode: 'UserInitiated', stoppedReason: cut(cause.reason.message) }
    case 'timeout':
      return timedOut(cause.reason.message)
    case 'concurrency':
      return { stopCode: 'UserInitiated', stoppedReason: cut(cause.reason.message) }
    case 'expired':
      return { stopCode: 'TaskFailedToStart', stoppedReason: cut(cause.reason.message) }
    case 'engine':
      return { stopCode: 'TerminationNotice', stoppedReason: cut(cause.reason.message) }
    case 'nodeLost':
      return cause.reason.code === 'stopped_by_user'
        ? { stopCode: 'UserInitiated', stoppedReason: cut(cause.reason.message) }
        : hostLost(e)
    case 'essentialExit':
    case 'essentialFailure':
      return byItself(e)
  }
}

/** An essential container came to an end, or never to a start. Only the task's time limit ends one as timed out. */
function byItself(e: Execution): Stopped {
  const late = e.status.steps.find(
    (s, i) => stepsOf(e)[i]?.essential && currentAttempt(s)?.exit?.outcome === 'timedOut',
  )
  if (late) return timedOut(late.reason?.message ?? 'it ran longer than it may')
  return failedToStart(e) ?? ESSENTIAL_EXITED
}

/** Executors keep the limit too, even while the server is down: whoever is first, it is told alike. */
const timedOut = (message: string): Stopped => ({
  stopCode: 'UserInitiated',
  stoppedReason: cut(`Task stopped by its time limit: ${message}`),
})

/** Airflow looks for this very sentence. */
const hostLost = (e: Execution): Stopped => ({
  stopCode: 'TerminationNotice',
  stoppedReason: `Host EC2 (instance ${e.status.allocation?.node ?? 'unknown'}) terminated.`,
})

function failedToStart(e: Execution): Stopped | undefined {
  const [name] = essentialNeverStarted(e)
  if (name === undefined) return undefined
  const ordinal = stepsOf(e).findIndex((s) => s.name === name)
  const why = startProblem(e, ordinal)
  const first = why?.startsWith('ResourceInitializationError') || why?.startsWith('CannotPull') ? why : undefined
  return { stopCode: 'TaskFailedToStart', stoppedReason: cut(first ?? 'Task failed to start') }
}

/** What the agent calls each way of not starting; the message follows the colon. */
const START_ERRORS: Partial<Record<ReasonCode, string>> = {
  secret_missing: 'ResourceInitializationError: unable to pull secrets or registry auth',
  image_missing: 'CannotPullContainerError',
  image_pull_failed: 'CannotPullContainerError',
  resource_unavailable: 'ResourceInitializationError',
  disk_full: 'CannotCreateContainerError',
  directory_missing: 'CannotStartContainerError',
  program_missing: 'CannotStartContainerError',
  user_missing: 'CannotStartContainerError',
  port_unavailable: 'CannotStartContainerError',
  sandbox_unavailable: 'CannotStartContainerError',
  refused_by_executor: 'CannotCreateContainerError',
}

/** Why this container never started; undefined when it did, or when only the task's stop kept it from starting. */
export function startProblem(e: Execution, ordinal: number): string | undefined {
  const step = e.status.steps[ordinal]
  const attempt = step && currentAttempt(step)
  // An init process starts even where it finds no program to run.
  if (!step || (everStarted(step) && attempt?.exit?.outcome !== 'refused')) return undefined
  const why = step.reason ?? attempt?.exit?.reason
  if (neverReady(step)) return `CannotStartContainerError: dependency graph: ${dependencyProblem(e, ordinal)}`
  if (step.state !== 'failed' && step.state !== 'lost') return undefined
  if (lacksEngine(e, ordinal, why?.code)) return noEngine(e, ordinal)
  const name = (why && START_ERRORS[why.code]) ?? 'CannotStartContainerError'
  return `${name}: ${why?.message ?? 'it could not be started'}`
}

/** No container engine, and nothing in the definition that could run, or may run, without one. */
function lacksEngine(e: Execution, ordinal: number, code: ReasonCode | undefined): boolean {
  if (currentAttempt(e.status.steps[ordinal]!)?.executor === 'docker') return false
  const run = runOf(e, ordinal)
  if (code === 'refused_by_executor' && run.image !== undefined) return true
  return !hasWords(run) && (code === 'image_missing' || code === 'program_missing' || code === 'refused_by_executor')
}

const runOf = (e: Execution, ordinal: number): RunSpec => stepsOf(e)[ordinal]?.work as RunSpec
const hasWords = ({ argv, entrypoint = [] }: RunSpec): boolean => argv.length + entrypoint.length > 0

const noEngine = (e: Execution, ordinal: number): string =>
  `CannotPullContainerError: there is no container engine here to pull ${containerRecordOf(e, ordinal).image}; ` +
  (hasWords(runOf(e, ordinal))
    ? "install Docker or Podman: this server's operator lets no program of the machine take an image's place"
    : 'give the container an entryPoint or a command, which then runs as a program of this machine, or install Docker or Podman')

/** Reasons are at most 255 characters (seed document). */
const LONGEST_REASON = 255

export const cut = (text: string): string =>
  text.length <= LONGEST_REASON ? text : `${text.slice(0, LONGEST_REASON - 1)}…`

/** `reason` of a container. No word `error` where nothing failed: Airflow takes it for a failure. */
export function containerReason(e: Execution, ordinal: number): string | undefined {
  const step = e.status.steps[ordinal]
  if (!step) return undefined
  const problem = startProblem(e, ordinal)
  if (problem) return cut(problem)
  const text = exitReason(step, e.status.stopCause)
  return text === undefined ? undefined : cut(text)
}

function exitReason(step: StepStatus, cause: StopCause | undefined): string | undefined {
  const exit = currentAttempt(step)?.exit
  if (exit?.outcome === 'outOfMemory') return 'OutOfMemoryError: Container killed due to memory usage'
  if (exit?.killedAfterGrace) return 'It did not end within its stop timeout and was killed'
  if (step.state === 'succeeded') return undefined
  if (step.state === 'skipped' || step.state === 'stopped') return cause && causeText(cause)
  if (step.state === 'failed' || step.state === 'lost') return step.reason && capitalized(step.reason.message)
  return undefined
}

/** Who asked for the stop is quoted as they wrote it. */
function causeText({ kind, reason: { code, message, facts } }: StopCause): string {
  if (kind === 'essentialExit' || kind === 'essentialFailure') return `Essential container ${facts?.step} exited`
  return code === 'stopped_by_user' ? message : capitalized(message)
}

const capitalized = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1)
