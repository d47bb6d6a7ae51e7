import type { AllocationId, AttemptId, Tenant } from '../../core/identity.ts'
import type { Instant } from '../../core/instant.ts'
import type { Work } from '../../core/ports/executor.ts'
import type { Reason } from '../../core/reason.ts'
import type { LogLimits, StopHow } from '../../core/step-spec.ts'
import { LABEL } from './container-names.ts'

/** What was agreed with the attempt's start. Kept in a label of its container, so it outlives the server. */
export interface RunTerms {
  readonly tenant: Tenant
  readonly allocation: AllocationId
  readonly step: string
  readonly closesAllocation: boolean
  readonly stop: StopHow
  readonly timeoutMs?: number
  readonly deadlineAt?: Instant
  readonly logs?: LogLimits
  readonly terminal?: boolean
  /** What it runs, in case an init process, put in front by the step or by the engine's default, does not find it. */
  readonly program?: string
  readonly imageDigest?: string
  /** The image's own stop signal. */
  readonly imageStop?: string
}

/** Why and how a run is being ended before its time. Journaled before the signal is sent. */
export interface Stopping {
  readonly cause: 'stop' | 'timeout'
  readonly signal: string
  /** When SIGKILL follows. */
  killAt: Instant
  readonly reason?: Reason
  killed: boolean
}

/** One attempt as the server holds it, from `start` or its recovery until its exit is reported. */
export interface ContainerRun {
  readonly attempt: AttemptId
  /** The container's name. */
  readonly name: string
  terms: RunTerms
  /** Until the container runs; it holds secrets. */
  work: Work | undefined
  phase: 'starting' | 'running' | 'ending'
  startedAt: Instant | undefined
  stopping: Stopping | undefined
  /** SIGKILL at `stopping.killAt`. */
  killTimer: NodeJS.Timeout | undefined
  limitTimer: NodeJS.Timeout | undefined
  usageTimer: NodeJS.Timeout | undefined
  progressTimer: NodeJS.Timeout | undefined
  usage: { cpuMicros?: number; peakMemoryBytes?: number }
  /** Rings when a stop comes before the container runs. */
  readonly halted: Promise<void>
  readonly halt: () => void
  /** The beginning of its output, where it matters: an init that found no program. */
  firstWords: string | undefined
  /** The extent of its log, once that is at its end. */
  log: string | undefined
  /** The engine has said so. */
  died: boolean
  outOfMemory: boolean
  /** At its container, after its death. */
  looks: number
  /** The engine was out of reach while it ran. */
  engineWasAway: boolean
}

export function newRun(attempt: AttemptId, name: string, terms: RunTerms, work?: Work): ContainerRun {
  const { promise: halted, resolve: halt } = Promise.withResolvers<void>()
  return {
    attempt,
    name,
    halted,
    halt,
    firstWords: undefined,
    terms,
    work,
    phase: 'starting',
    startedAt: undefined,
    stopping: undefined,
    killTimer: undefined,
    limitTimer: undefined,
    usageTimer: undefined,
    progressTimer: undefined,
    usage: {},
    log: undefined,
    died: false,
    outOfMemory: false,
    looks: 0,
    engineWasAway: false,
  }
}

export function termsOf(work: Work): RunTerms {
  return {
    tenant: work.place.tenant,
    allocation: work.place.allocation,
    step: work.step,
    closesAllocation: work.closesAllocation,
    stop: work.stop,
    ...(work.timeoutMs !== undefined && { timeoutMs: work.timeoutMs }),
    ...(work.deadlineAt !== undefined && { deadlineAt: work.deadlineAt }),
    ...(work.run.logs !== undefined && { logs: work.run.logs }),
    ...(work.run.container?.terminal === true && { terminal: true }),
    program: work.run.entrypoint?.[0] ?? work.run.argv[0] ?? 'the command of its image',
  }
}

/** The attempt and its terms as a container's labels say; undefined when it is none of ours. */
export function labelledRun(
  labels: Readonly<Record<string, string>>,
): { readonly attempt: AttemptId; readonly terms: RunTerms } | undefined {
  const attempt = labels[LABEL.attempt]
  const terms = labels[LABEL.terms]
  if (attempt === undefined || terms === undefined) return undefined
  return { attempt: attempt as AttemptId, terms: JSON.parse(terms) as RunTerms }
}
