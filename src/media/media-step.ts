import { dirname, isAbsolute } from 'node:path'
import type { Reservation } from '../core/resources.ts'
import type { RetryPolicy } from '../core/retry-policy.ts'
import type { EnvValue, MountSpec, StepSpec } from '../core/step-spec.ts'
import { ALL_CODES, FINAL_CODES } from './failure.ts'
import type { Job } from './job.ts'
import type { MediaProgram } from './media-programs.ts'

/** What steps of media work are made with. */
export interface MediaTools extends Omit<Job, 'directory'> {
  /** How a step runs one of our programs. */
  readonly program: (name: MediaProgram) => { readonly argv: readonly string[]; readonly mounts: readonly MountSpec[] }
  /** Waits before the first and before every further try again, ms. */
  readonly backoffMs: { readonly first: number; readonly longest: number }
}

export interface MediaStep {
  readonly name: string
  readonly group: number
  readonly program: MediaProgram
  readonly job: Job
  /** Reaches the network; others have none. */
  readonly network?: boolean
  readonly appends?: boolean
  readonly env?: Readonly<Record<string, EnvValue>>
  readonly mounts?: readonly MountSpec[]
  readonly essential?: boolean
  /** `one`: what fails is not tried again, so that nothing waits for it; what was lost is. */
  readonly tries?: 'one'
  /** Share of the whole reservation, 0–1. Default all of it. */
  readonly share?: number
  /** Steps that must have succeeded. */
  readonly after?: readonly string[]
}

const MIB = 1024 * 1024
const LIMIT_BYTES = 4 * 1024 * MIB
const RETRIES = 2
/** Two hours for each try of a step. */
const TIME_LIMIT_MS = 2 * 3_600_000

/** Room that a task needs, whatever its steps turn out to be: five of a user's fit on two cores. */
export const RESERVATION: Reservation = { cpuUnits: 384, memoryBytes: 256 * MIB }

/** A step that works in the job's directory, and is tried again unless what went wrong is final. */
export function mediaStep(tools: MediaTools, step: MediaStep): StepSpec {
  const { argv, mounts } = tools.program(step.program)
  const { directory } = step.job
  const place: MountSpec = { kind: 'bind', source: directory, target: directory, trusted: true }
  const essential = step.essential ?? true
  const share = step.share ?? 1
  return {
    name: step.name,
    group: step.group,
    conditions: (step.after ?? []).map((name) => ({ step: name, until: 'succeeded' })),
    essential,
    endsExecution: essential ? 'onFailure' : 'never',
    resources: {
      cpuUnits: Math.floor(RESERVATION.cpuUnits * share),
      memoryBytes: LIMIT_BYTES,
      reservedMemoryBytes: Math.floor(RESERVATION.memoryBytes * share),
    },
    timeoutMs: TIME_LIMIT_MS,
    retry: retryOf(tools, step.tries),
    stop: { signal: 'SIGKILL', graceMs: 0 },
    work: {
      kind: 'run',
      argv: [...argv, JSON.stringify(step.job)],
      env: step.env ?? {},
      mounts: [...mounts, ...toolMounts(tools), place, ...(step.mounts ?? [])],
      network: { mode: step.network ? 'host' : 'none' },
      ...(step.appends && { appends: true }),
    },
  }
}

/** Programs from elsewhere than the system are shown with what lies beside them. */
function toolMounts({ ffmpeg, ffprobe }: MediaTools): readonly MountSpec[] {
  const directories = [...new Set([ffmpeg, ffprobe].map((path) => dirname(path)))]
  return directories
    .filter((directory) => isAbsolute(directory) && !/^\/(usr|bin)(\/|$)/.test(directory))
    .map((directory) => ({ kind: 'bind', source: directory, target: directory, readOnly: true, trusted: true }))
}

function retryOf({ backoffMs: { first, longest } }: MediaTools, tries?: 'one'): RetryPolicy {
  const ignoredExitCodes = tries === 'one' ? ALL_CODES : FINAL_CODES
  const backoff = { initialMs: first, factor: Math.max(1, longest / Math.max(1, first)), maximumMs: longest }
  return { on: 'failure', limit: RETRIES, ignoredExitCodes, backoff, whenLost: true }
}
