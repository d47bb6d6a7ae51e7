import { closeSync, openSync } from 'node:fs'
import type { AttemptId } from '../../../core/identity.ts'
import type { Work } from '../../../core/ports/executor.ts'
import { durationText } from '../../../core/quantity-text.ts'
import { type Reason, reason } from '../../../core/reason.ts'
import type { Cgroups } from '../cgroup/cgroup.ts'
import type { CellConfig } from '../protocol.ts'
import { bootMs } from './boot-clock.ts'
import { type Launch, Launcher } from './launcher.ts'
import type { Networks } from './networks.ts'
import type { Place, Places } from './places.ts'
import type { Membership } from './private-network.ts'
import { execProblem, forgetPrograms } from './program-plan.ts'
import type { Reactor } from './reactor.ts'
import type { Run } from './run.ts'
import type { RunEnder } from './run-ender.ts'
import { spawn } from './spawn.ts'
import type { Stopper } from './stopper.ts'
import { dupAbove, E, errno, pidfdOpen, pipe, sys } from './syscalls.ts'

export type StartAnswer = { readonly run: Run } | { readonly refusal: Reason }

/** What was remembered of where programs are was no longer true: worth another look. */
type StaleAnswer = { readonly refusal: Reason; readonly isStale: true }

/** Descriptors below this are targets of dup2 in a child; what is passed to children must lie above. */
const FIRST_FREE_FD = 16

/** Turns work into a running process. Whatever cannot be is a refusal with its reason, never an exception. */
export class RunStarter {
  readonly #reactor: Reactor
  readonly #places: Places
  readonly #ender: RunEnder
  readonly #stopper: Stopper
  readonly #launcher: Launcher
  /** Read and write end of nothing, numbered high enough to be passed to children. */
  readonly devNull: number
  #serial = 0

  constructor(
    config: CellConfig,
    reactor: Reactor,
    places: Places,
    ender: RunEnder,
    stopper: Stopper,
    cgroups: Cgroups | undefined,
  ) {
    this.#reactor = reactor
    this.#places = places
    this.#ender = ender
    this.#stopper = stopper
    this.#launcher = new Launcher(config, cgroups)
    const fd = openSync('/dev/null', 'r+')
    this.devNull = dupAbove(fd, FIRST_FREE_FD)
    closeSync(fd)
  }

  /** `networks` and `offers` are for a step with a private network. */
  start(attempt: AttemptId, work: Work, networks: Networks, offers: readonly number[]): StartAnswer {
    const answer = this.#try(attempt, work, networks, offers)
    return 'isStale' in answer ? this.#try(attempt, work, networks, offers) : answer
  }

  #try(attempt: AttemptId, work: Work, networks: Networks, offers: readonly number[]): StartAnswer | StaleAnswer {
    const held: number[] = []
    let network: Membership | undefined
    let answer: StartAnswer | StaleAnswer | undefined
    let place: Place | undefined
    try {
      const who = this.#launcher.userOf(work)
      if ('refusal' in who) return who
      place = this.#places.open(work.place, who.user, work.closesAllocation)
      if (work.run.network?.mode === 'private') {
        const joined = networks.join(attempt, work, offers)
        if ('refusal' in joined) return joined
        network = joined
      }
      const launch = this.#launcher.launchOf(attempt, work, place, who.user, network)
      if ('refusal' in launch) return launch
      answer = this.#spawn(attempt, work, place, launch, network, held)
      return answer
    } catch (error) {
      return { refusal: mishap(error) }
    } finally {
      if (answer === undefined || 'refusal' in answer) network?.leave()
      for (const fd of held) sys.close(fd)
    }
  }

  #spawn(
    attempt: AttemptId,
    work: Work,
    place: Place,
    launch: Launch,
    network: Membership | undefined,
    held: number[],
  ): StartAnswer | StaleAnswer {
    const out = pipe()
    held.push(out.writeEnd)
    const err = pipe()
    held.push(err.writeEnd, ...launch.passed)
    if (launch.owner !== undefined)
      for (const fd of [out.writeEnd, err.writeEnd]) sys.fchown(fd, launch.owner.uid, launch.owner.gid)
    const pid = spawn({ ...launch, fds: [this.devNull, out.writeEnd, err.writeEnd, ...launch.passed] })
    if (pid < 0) {
      for (const fd of [out.readEnd, err.readEnd, launch.control]) if (fd >= 0) sys.close(fd)
      launch.cgroup?.remove()
      const refusal = execProblem(-pid, launch.program, launch.directory)
      return pid === -E.ENOENT && forgetPrograms() ? { refusal, isStale: true } : { refusal }
    }
    const run = this.#runOf(attempt, work, place, launch, network, pid, out.readEnd, err.readEnd)
    this.#watch(run, work)
    return { run }
  }

  #runOf(
    attempt: AttemptId,
    work: Work,
    place: Place,
    launch: Launch,
    network: Membership | undefined,
    pid: number,
    stdout: number,
    stderr: number,
  ): Run {
    place.runs++
    return {
      attempt,
      tenant: work.place.tenant,
      allocation: work.place.allocation,
      place,
      closesAllocation: work.closesAllocation,
      stop: work.stop,
      serial: ++this.#serial,
      pid,
      pidfd: pidfdOpen(pid),
      stdout,
      stderr,
      control: launch.control,
      sandboxed: launch.sandboxed,
      program: launch.program,
      directory: work.run.workdir ?? place.workspace,
      namesDirectory: work.run.workdir !== undefined,
      user: launch.owner,
      cgroup: launch.cgroup,
      network,
      startedAt: Date.now(),
      bornMs: bootMs(),
      started: launch.control < 0,
      firstWords: undefined,
      status: undefined,
      rootStatus: undefined,
      refusal: undefined,
      fullReads: 0,
      cpuMicros: 0,
      peakBytes: 0,
      cause: undefined,
      timeoutReason: undefined,
      killedAfterGrace: false,
      killAt: 0,
      killTimer: undefined,
      deadlineTimer: undefined,
      drainTimer: undefined,
      outputsPath: launch.outputsPath,
      progressPath: launch.progressPath,
      overLimit: undefined,
      extras: undefined,
    }
  }

  #watch(run: Run, work: Work): void {
    const handler = this.#ender.handlerOf(run)
    this.#reactor.watch(run.stdout, handler)
    this.#reactor.watch(run.stderr, handler)
    this.#reactor.watch(run.pidfd, handler)
    if (run.control >= 0) this.#reactor.watch(run.control, handler)
    const limit = limitOf(work, run.startedAt)
    if (limit !== undefined) this.#stopper.limit(run, limit.afterMs, limit.why)
  }
}

/** The nearer of the attempt's own limit and the execution's. */
function limitOf(work: Work, now: number): { readonly afterMs: number; readonly why: Reason } | undefined {
  const own = work.timeoutMs ?? Number.POSITIVE_INFINITY
  const whole = work.deadlineAt === undefined ? Number.POSITIVE_INFINITY : work.deadlineAt - now
  if (own === Number.POSITIVE_INFINITY && whole === Number.POSITIVE_INFINITY) return undefined
  return own <= whole
    ? {
        afterMs: own,
        why: reason('step_timeout', `did not end within its limit of ${durationText(own)}`, { limitMs: own }),
      }
    : { afterMs: whole, why: reason('execution_timeout', 'the execution reached its time limit') }
}

function mishap(error: unknown): Reason {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'ENOSPC') return reason('disk_full', 'there is no room on the disk for a workspace')
  const message = error instanceof Error ? error.message : String(error)
  if (code === 'EMFILE' || /errno 2[34]\b/.test(message))
    return reason('resource_unavailable', 'the cell has no file descriptors left')
  return reason('refused_by_executor', `the program could not be started: ${message} (errno ${errno()})`)
}
