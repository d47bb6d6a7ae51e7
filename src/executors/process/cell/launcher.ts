import { join } from 'node:path'
import type { AttemptId } from '../../../core/identity.ts'
import type { Work } from '../../../core/ports/executor.ts'
import { type Reason, reason } from '../../../core/reason.ts'
import type { CgroupHandle } from '../cgroup/cgroup.ts'
import type { CellConfig } from '../protocol.ts'
import { directoryNameOf, type Place } from './places.ts'
import { argvOf, DEFAULT_PATH, findProgram, programProblem, textProblem } from './program-plan.ts'
import { E } from './syscalls.ts'

export interface User {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

/** All that a spawn needs. */
export interface Launch {
  readonly path: string
  readonly argv: readonly string[]
  readonly env: readonly string[]
  readonly directory?: string
  /** What the step wanted to run, for messages. */
  readonly program: string
  /** Descriptors for the child from 3 on; closed here after the spawn. */
  readonly passed: readonly number[]
  /** Our end of the launcher's socket; -1 without a launcher. */
  readonly control: number
  readonly sandboxed: boolean
  readonly cgroup: CgroupHandle | undefined
  /** Who owns the output pipes, where it is not the cell's user. */
  readonly owner: User | undefined
  readonly outputsPath: string | undefined
  readonly progressPath: string | undefined
}

/** Decides how a step's program is launched. */
export class Launcher {
  readonly #config: CellConfig

  constructor(config: CellConfig) {
    this.#config = config
  }

  userOf(_work: Work): { readonly user: User | undefined } | { readonly refusal: Reason } {
    return { user: undefined }
  }

  launchOf(
    attempt: AttemptId,
    work: Work,
    place: Place,
    user: User | undefined,
  ): Launch | { readonly refusal: Reason } {
    const argv = argvOf(work)
    const problem = textProblem(argv, work.env)
    if (problem !== undefined) return { refusal: problem }
    void this.#config
    return this.#direct(attempt, work, argv, place, user)
  }

  #direct(
    attempt: AttemptId,
    work: Work,
    argv: readonly string[],
    place: Place,
    owner: User | undefined,
  ): Launch | { readonly refusal: Reason } {
    const env = environmentOf(attempt, work, place.workspace, owner)
    const path = findProgram(argv[0]!, env.PATH ?? DEFAULT_PATH)
    if (path === undefined) return { refusal: programProblem(E.ENOENT, argv[0]!) }
    return {
      path,
      argv,
      env: Object.entries(env).map(([key, value]) => `${key}=${value}`),
      directory: work.run.workdir ?? place.workspace,
      program: argv[0]!,
      passed: [],
      control: -1,
      sandboxed: false,
      cgroup: undefined,
      owner,
      outputsPath: env.TASKPORT_OUTPUTS,
      progressPath: env.TASKPORT_PROGRESS,
    }
  }
}

/** A clean environment: what the step says, and where it is. Nothing of the server's. */
export function environmentOf(
  attempt: AttemptId,
  work: Work,
  workspace: string,
  user: User | undefined,
): Readonly<Record<string, string>> {
  const [execution = '', ...rest] = attempt.split(':')
  const suffix = directoryNameOf(rest.join(':') || attempt)
  const ports: Record<string, string> = {}
  work.run.ports?.forEach((port, i) => {
    if (port.env !== undefined) ports[port.env] = String(work.hostPorts[i] ?? port.hostPort ?? port.port)
  })
  return {
    PATH: DEFAULT_PATH,
    HOME: workspace,
    ...(user === undefined ? {} : { USER: user.name }),
    ...ports,
    ...work.env,
    TASKPORT_ATTEMPT: attempt,
    TASKPORT_EXECUTION: execution,
    TASKPORT_STEP: work.step,
    TASKPORT_WORKSPACE: workspace,
    TASKPORT_OUTPUTS: join(workspace, `.taskport-outputs-${suffix}`),
    TASKPORT_PROGRESS: join(workspace, `.taskport-progress-${suffix}`),
  }
}

export const refused = (why: string): { readonly refusal: Reason } => ({ refusal: reason('refused_by_executor', why) })
