import type { ContainerInspectInfo } from 'dockerode'
import { type Exit, SIGNAL_NUMBERS } from '../../core/exit.ts'
import type { Instant } from '../../core/instant.ts'
import { durationText } from '../../core/quantity-text.ts'
import { type Reason, reason } from '../../core/reason.ts'
import type { ContainerRun } from './container-run.ts'

export type ContainerState = ContainerInspectInfo['State']

/** When the engine says so; undefined for its zero time. */
export function instantOf(text: string | undefined): Instant | undefined {
  const at = Date.parse(text ?? '')
  return Number.isNaN(at) || at <= 0 ? undefined : at
}

/** The first limit that a run meets, absolute; undefined when it has none. */
export function limitOf(
  run: ContainerRun,
  startedAt: Instant,
): { readonly at: Instant; readonly why: Reason } | undefined {
  const { timeoutMs, deadlineAt } = run.terms
  const own = timeoutMs === undefined ? Number.POSITIVE_INFINITY : startedAt + timeoutMs
  const whole = deadlineAt ?? Number.POSITIVE_INFINITY
  if (own === Number.POSITIVE_INFINITY && whole === own) return undefined
  return own <= whole
    ? {
        at: own,
        why: reason('step_timeout', `did not end within its limit of ${durationText(timeoutMs!)}`, {
          limitMs: timeoutMs!,
        }),
      }
    : { at: whole, why: reason('execution_timeout', 'its execution reached its time limit', { deadlineAt: whole }) }
}

/**
 * How a container ended. The engine tells codes only: a death by signal n looks like the exit code 128+n. It is called a
 * signal where we sent that very signal; a program that caught it and chose 128+n itself cannot be told apart.
 */
export function exitOf(run: ContainerRun, state: ContainerState): Exit {
  const missing = missingProgram(run, state)
  if (missing !== undefined) return { outcome: 'refused', reason: missing }
  const killedAfterGrace = wasKilled(run, state)
  const end = endOf(run, state.ExitCode, killedAfterGrace)
  const killed = killedAfterGrace ? { killedAfterGrace } : {}
  const overdue = run.stopping?.cause === 'timeout' ? run.stopping.reason : overdueReason(run, state)
  if (overdue !== undefined) return { ...end, outcome: 'timedOut', ...killed, reason: overdue }
  if ((state.OOMKilled || run.outOfMemory) && state.ExitCode !== 0 && run.stopping === undefined)
    return { outcome: 'outOfMemory', signal: 'SIGKILL', reason: reason('out_of_memory', MEMORY_MESSAGE) }
  if (run.engineWasAway && run.stopping === undefined && isOfAStop(run, state.ExitCode))
    return { outcome: 'lost', reason: reason('executor_lost', AWAY_MESSAGE, { code: state.ExitCode }) }
  return { ...end, ...killed, ...reasonOf(end) }
}

/** Words of tini (Docker, exits with 126 or 127) and catatonit (Podman, exits with 1) for a program that cannot be run. */
const INIT_FAILED = /^(\[FATAL tini \(\d+\)\] exec .* failed|ERROR \(catatonit:\d+\): failed to exec)/

function missingProgram(run: ContainerRun, state: ContainerState): Reason | undefined {
  const words = run.firstWords?.split('\n')[0] ?? ''
  if (![1, 126, 127].includes(state.ExitCode) || !INIT_FAILED.test(words)) return undefined
  return reason('program_missing', `${run.terms.program} cannot be run: ${words}`, { engine: words })
}

const MEMORY_MESSAGE = 'the step used more memory than its limit and was killed by the kernel'
const AWAY_MESSAGE =
  'the container was stopped while the container engine was out of reach, as engines do when they restart'

/** Looks, 100 ms apart, at a container that nobody known has stopped, before that is believed. */
const LOOKS = 20

/**
 * It ended as if stopped, and not by us: soon the engine may say that memory ran out, or go away itself, having stopped
 * all containers first.
 */
export const isPuzzling = (run: ContainerRun, state: ContainerState): boolean =>
  run.stopping === undefined &&
  run.looks < LOOKS &&
  !(state.OOMKilled || run.outOfMemory || run.engineWasAway) &&
  isOfAStop(run, state.ExitCode)

/** An engine that ends what ran before it does so as `docker stop` would: the image's stop signal, then SIGKILL. */
function isOfAStop({ terms }: ContainerRun, code: number): boolean {
  const signal = SIGNAL_NUMBERS[terms.imageStop ?? 'SIGTERM']
  return code === 137 || (signal !== undefined && code === 128 + signal)
}

type End = { readonly outcome: 'exited' | 'signaled'; readonly code?: number; readonly signal?: string }

/** By the server, or, when there was none, by the limit keeper. */
function wasKilled({ stopping }: ContainerRun, state: ContainerState): boolean {
  if (stopping === undefined || state.ExitCode !== 137) return false
  return stopping.killed || (instantOf(state.FinishedAt) ?? 0) >= stopping.killAt
}

function endOf({ stopping }: ContainerRun, code: number, killed: boolean): End {
  if (killed) return { outcome: 'signaled', signal: 'SIGKILL' }
  const number = stopping === undefined ? undefined : SIGNAL_NUMBERS[stopping.signal]
  return number !== undefined && code === 128 + number
    ? { outcome: 'signaled', signal: stopping!.signal }
    : { outcome: 'exited', code }
}

/** Nobody was there to stop it, but it outlived its limit. */
function overdueReason(run: ContainerRun, state: ContainerState): Reason | undefined {
  const startedAt = instantOf(state.StartedAt)
  const finishedAt = instantOf(state.FinishedAt)
  if (run.stopping !== undefined || startedAt === undefined || finishedAt === undefined) return undefined
  const limit = limitOf(run, startedAt)
  return limit !== undefined && finishedAt >= limit.at ? limit.why : undefined
}

function reasonOf(end: End): Pick<Exit, 'reason'> {
  if (end.signal !== undefined) return { reason: reason('signal', `ended by ${end.signal}`, { signal: end.signal }) }
  if (end.code === 0) return {}
  return { reason: reason('exit_code', `exited with code ${end.code}`, { code: end.code ?? 0 }) }
}
