import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { AttemptId } from '../../../core/identity.ts'
import type { Work } from '../../../core/ports/executor.ts'
import { type Reason, reason } from '../../../core/reason.ts'
import type { MountSpec } from '../../../core/step-spec.ts'
import type { CgroupHandle, Cgroups } from '../cgroup/cgroup.ts'
import type { CellConfig } from '../protocol.ts'
import { SharedDirectories } from '../shared-directories.ts'
import { environmentOf } from './environment.ts'
import { directoryNameOf, type Place } from './places.ts'
import type { Membership } from './private-network.ts'
import { argvOf, DEFAULT_PATH, findProgram, programProblem, textProblem } from './program-plan.ts'
import { rlimitArgv } from './rlimits.ts'
import { planSandbox, SANDBOX_LAUNCHER, SANDBOX_WORKSPACE } from './sandbox-argv.ts'
import { E, memoryFile, socketPair, sys } from './syscalls.ts'
import { findUser, type User } from './users.ts'

/** All that a spawn needs. */
export interface Launch {
  readonly path: string
  readonly argv: readonly string[]
  /** `KEY=VALUE` each. */
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

export type LaunchAnswer = Launch | { readonly refusal: Reason }

/** Number of the first descriptor that a launcher gets. */
const FIRST_PASSED = 3

/**
 * Decides how a step's program is launched: by the cell itself where nothing but a process is asked for, else by the
 * launcher, in a sandbox or not. Every descriptor it opens is in `passed` or `control` of its answer, or closed.
 */
export class Launcher {
  readonly #config: CellConfig
  readonly #cgroups: Cgroups | undefined
  readonly #shared: SharedDirectories
  #groups = 0

  constructor(config: CellConfig, cgroups: Cgroups | undefined) {
    this.#config = config
    this.#cgroups = cgroups
    this.#shared = new SharedDirectories(join(config.allocations, '..', 'shared'))
  }

  /** Who the step's program will be; undefined: who the cell is. */
  userOf(work: Work): { readonly user: User | undefined } | { readonly refusal: Reason } {
    const { host, sandbox } = this.#config
    const fallback = sandbox.user ?? (host.uid === 0 && this.#sandboxes(work) ? 'nobody' : undefined)
    const wanted = work.run.user ?? fallback
    if (wanted === undefined) return { user: undefined }
    const found = findUser(wanted)
    if ('refusal' in found || host.uid === 0) return found
    if (found.user.uid === host.uid) return { user: undefined }
    const message = `steps run as the server's own user here: only a server that is root can become ${wanted}`
    return { refusal: reason('refused_by_executor', message, { user: wanted }) }
  }

  launchOf(attempt: AttemptId, work: Work, place: Place, user: User | undefined, network?: Membership): LaunchAnswer {
    const argv = argvOf(work)
    const problem = textProblem(argv, work.env) ?? this.#unfit(work)
    if (problem !== undefined) return { refusal: problem }
    if (!this.#sandboxes(work) && !this.#needsLauncher(work, user)) return this.#direct(attempt, work, argv, place)
    if (this.#config.host.launcher === undefined)
      return { refusal: reason('resource_unavailable', `no launcher for ${process.arch} is installed`) }
    const open: number[] = []
    try {
      return this.#launched(attempt, work, argv, place, user, network, open)
    } catch (error) {
      for (const fd of open) sys.close(fd)
      throw error
    }
  }

  #sandboxes(work: Work): boolean {
    const { mode } = this.#config.sandbox
    const wanted = work.run.sandbox?.mode ?? (mode === 'off' ? 'off' : 'on')
    return wanted === 'on' && this.#config.host.bwrap !== undefined
  }

  /** What this host or its operator does not allow. */
  #unfit(work: Work): Reason | undefined {
    const { host, sandbox } = this.#config
    const { run } = work
    if (run.image !== undefined)
      return reason(
        'refused_by_executor',
        'the process executor runs programs, not container images: start Docker or Podman, then this server anew',
      )
    if (sandbox.mode === 'require' && run.sandbox?.mode === 'off')
      return reason('refused_by_executor', 'the operator requires a sandbox for every step')
    if (host.bwrap === undefined && (run.sandbox?.mode === 'on' || sandbox.mode === 'require'))
      return reason('sandbox_unavailable', 'the sandbox needs bubblewrap, which is missing or does not work here')
    return this.#sandboxes(work) ? undefined : unfitWithoutSandbox(work)
  }

  #needsLauncher(work: Work, user: User | undefined): boolean {
    return user !== undefined || (work.run.ulimits?.length ?? 0) > 0 || this.#limits(work)
  }

  /** Limits that a control group would enforce. */
  #limits(work: Work): boolean {
    const { memoryBytes, cpuUnits, cpuLimitUnits, pids } = work.resources
    const asked = memoryBytes ?? cpuUnits ?? cpuLimitUnits ?? pids
    return asked !== undefined && this.#cgroups !== undefined && this.#config.host.launcher !== undefined
  }

  #direct(attempt: AttemptId, work: Work, argv: readonly string[], place: Place): LaunchAnswer {
    const env = environmentOf(attempt, work, place.workspace, undefined)
    const path = findProgram(argv[0]!, env.PATH ?? DEFAULT_PATH)
    if (path === undefined) return { refusal: programProblem(E.ENOENT, argv[0]!) }
    return {
      path,
      argv,
      env: linesOf(env),
      directory: work.run.workdir ?? place.workspace,
      program: argv[0]!,
      passed: [],
      control: -1,
      sandboxed: false,
      cgroup: undefined,
      owner: undefined,
      outputsPath: env.TASKPORT_OUTPUTS,
      progressPath: env.TASKPORT_PROGRESS,
    }
  }

  #launched(
    attempt: AttemptId,
    work: Work,
    argv: readonly string[],
    place: Place,
    user: User | undefined,
    network: Membership | undefined,
    open: number[],
  ): LaunchAnswer {
    const passed: number[] = []
    const pass = (fd: number): string => {
      open.push(fd)
      return String(FIRST_PASSED + passed.push(fd) - 1)
    }
    const sandboxed = this.#sandboxes(work)
    const inside = sandboxed ? SANDBOX_WORKSPACE : place.workspace
    const frozen = sandboxed && work.run.sandbox?.writable === 'none'
    const env = environmentOf(attempt, work, inside, user, frozen)
    const sandbox = sandboxed ? this.#sandboxArgv(work, place, user, network, pass) : { argv: [] }
    if ('refusal' in sandbox) {
      for (const fd of open) sys.close(fd)
      return sandbox
    }
    const { ours, theirs } = socketPair()
    open.push(ours)
    const cgroup = this.#limits(work) ? this.#cgroups!.create(`a${++this.#groups}`, work.resources) : undefined
    const options = [
      ...['--control', pass(theirs)],
      ...(cgroup?.join() ?? []).flatMap((fd) => ['--cgroup', pass(fd)]),
      // Not by exec: what a step calls LD_PRELOAD must not reach bubblewrap, which may be root.
      ...[
        '--env',
        pass(
          memoryFile(
            linesOf(env)
              .map((line) => `${line}\0`)
              .join(''),
          ),
        ),
      ],
      ...rlimitArgv(work.run.ulimits ?? [], this.#config.host.descriptorLimit),
      ...userArgv(user),
      ...(sandboxed ? ['--drop'] : []),
      ...['--chdir', work.run.workdir ?? inside],
    ]
    const launcher = sandboxed ? SANDBOX_LAUNCHER : this.#config.host.launcher!
    const whole = [...sandbox.argv, launcher, ...options, '--', ...argv]
    const visible = (path: string | undefined, name: string): string | undefined =>
      path === undefined ? undefined : join(place.workspace, name)
    return {
      path: whole[0]!,
      argv: whole,
      env: [`PATH=${DEFAULT_PATH}`, `TASKPORT_ATTEMPT=${attempt}`],
      directory: '/',
      program: argv[0]!,
      passed,
      control: ours,
      sandboxed,
      cgroup,
      owner: user,
      outputsPath: visible(env.TASKPORT_OUTPUTS, (env.TASKPORT_OUTPUTS ?? '').slice(inside.length + 1)),
      progressPath: visible(env.TASKPORT_PROGRESS, (env.TASKPORT_PROGRESS ?? '').slice(inside.length + 1)),
    }
  }

  #sandboxArgv(
    work: Work,
    place: Place,
    user: User | undefined,
    network: Membership | undefined,
    pass: (fd: number) => string,
  ): { readonly argv: readonly string[] } | { readonly refusal: Reason } {
    const shared = (mount: MountSpec): string =>
      isOwnWorkspace(mount) ? partOf(place.workspace, mount.part) : this.#shared.open(work.place.tenant, mount, user)
    const plan = planSandbox(this.#config, work, place.workspace, shared, network?.hosts, place.disk?.tmp)
    if ('refusal' in plan) return plan
    const files = plan.files.flatMap(({ target, content }) => [
      ...['--perms', '0444', '--ro-bind-data', pass(memoryFile(content)), target],
    ])
    const join = network?.joinArgv(pass) ?? []
    return { argv: [...join, this.#config.host.bwrap!, ...plan.argv, ...files, ...plan.last, '--'] }
  }
}

/** A workspace that names no other: the allocation's own, which goes with it. */
const isOwnWorkspace = (mount: MountSpec): boolean => mount.kind === 'workspace' && mount.source === undefined

/** Steps of different users share it; only they can reach it. */
function partOf(workspace: string, part: string | undefined): string {
  if (part === undefined) return workspace
  const directory = join(workspace, '.parts', directoryNameOf(part))
  if (mkdirSync(directory, { recursive: true }) !== undefined) chmodSync(directory, 0o1777)
  return directory
}

function unfitWithoutSandbox(work: Work): Reason | undefined {
  const { run } = work
  const needs =
    (run.mounts?.length ?? 0) > 0
      ? 'mounts need'
      : run.network?.mode === 'none' || run.network?.mode === 'private'
        ? "a network other than the host's needs"
        : run.sandbox?.writable === 'none'
          ? 'a step without writable paths needs'
          : run.sandbox?.root !== undefined
            ? 'another root file system needs'
            : undefined
  return needs === undefined ? undefined : reason('sandbox_unavailable', `${needs} the sandbox, which is off here`)
}

const linesOf = (env: Readonly<Record<string, string>>): string[] =>
  Object.entries(env).map(([key, value]) => `${key}=${value}`)

const userArgv = (user: User | undefined): string[] =>
  user === undefined
    ? []
    : ['--user', `${user.uid}:${user.gid}`, ...user.groups.flatMap((group) => ['--group', String(group)])]
