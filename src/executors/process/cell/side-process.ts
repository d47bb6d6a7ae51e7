import { readdirSync, readFileSync } from 'node:fs'
import { statOf } from '../../process-identity.ts'
import type { CellConfig } from '../protocol.ts'
import { hearLauncher } from './launcher-messages.ts'
import { DEFAULT_PATH, findProgram } from './program-plan.ts'
import type { Reactor, Ready } from './reactor.ts'
import type { Run } from './run.ts'
import { SANDBOX_WORKSPACE } from './sandbox-argv.ts'
import { spawn } from './spawn.ts'
import { memoryFile, pidfdOpen, socketPair, sys } from './syscalls.ts'
import { findUser } from './users.ts'

export interface SideRequest {
  readonly argv: readonly string[]
  /** On top of the program's own. */
  readonly env?: Readonly<Record<string, string>>
  readonly workdir?: string
  readonly user?: string
  /** stdin, stdout, stderr; the caller closes its copies. */
  readonly fds: readonly [number, number, number]
}

const SIGKILL = 9
const status = new Int32Array(1)

/**
 * Runs commands beside a running program — health checks, `exec` — where the program is: its namespaces, control
 * groups, user, environment and directory.
 */
export class SideProcesses {
  readonly #config: CellConfig
  readonly #reactor: Reactor
  readonly #roots: Set<number>

  constructor(config: CellConfig, reactor: Reactor, roots: Set<number>) {
    this.#config = config
    this.#reactor = reactor
    this.#roots = roots
  }

  /** Undefined when it could not be started. `ended` gets the raw wait status, once. */
  start(run: Run, request: SideRequest, ended: (status: number) => void): SideProcess | undefined {
    const environment = { ...environmentOfProgram(run), ...request.env }
    const lines = Object.entries(environment).map(([key, value]) => `${key}=${value}`)
    if (run.control < 0 && request.user === undefined) return this.#direct(run, request, lines, environment.PATH, ended)
    const { ours, theirs } = socketPair()
    const passed = [theirs, memoryFile(lines.map((line) => `${line}\0`).join('')), ...(run.cgroup?.join() ?? [])]
    const argv = this.#launcherArgv(run, request, passed.length - 2)
    const pid =
      argv === undefined
        ? -1
        : spawn({ path: argv[0]!, argv, env: [`TASKPORT_ATTEMPT=${run.attempt}`], fds: [...request.fds, ...passed] })
    for (const fd of passed) sys.close(fd)
    if (pid >= 0) return new SideProcess(this.#reactor, this.#roots, pid, ours, ended)
    sys.close(ours)
    return undefined
  }

  #direct(
    run: Run,
    request: SideRequest,
    env: readonly string[],
    path: string | undefined,
    ended: (status: number) => void,
  ): SideProcess | undefined {
    const program = findProgram(request.argv[0] ?? '', path ?? DEFAULT_PATH)
    if (program === undefined) return undefined
    const directory = request.workdir ?? run.directory
    const pid = spawn({ path: program, argv: request.argv, env, directory, fds: request.fds })
    return pid < 0 ? undefined : new SideProcess(this.#reactor, this.#roots, pid, -1, ended)
  }

  #launcherArgv(run: Run, request: SideRequest, groups: number): string[] | undefined {
    const inside = run.sandboxed ? innerPidOf(run.pid) : undefined
    if (run.sandboxed && inside === undefined) return undefined
    const asked = request.user === undefined ? undefined : findUser(request.user)
    if (asked !== undefined && 'refusal' in asked) return undefined
    const user = asked?.user ?? run.user
    return [
      this.#config.host.launcher!,
      ...['--control', '3', '--env', '4'],
      ...Array.from({ length: groups }, (_, i) => ['--cgroup', String(5 + i)]).flat(),
      ...(user === undefined ? [] : ['--user', `${user.uid}:${user.gid}`]),
      ...(user?.groups ?? []).flatMap((group) => ['--group', String(group)]),
      ...(run.network === undefined ? [] : ['--join', String(run.network.holder)]),
      ...(inside === undefined ? [] : ['--enter', String(inside), '--drop']),
      ...['--chdir', request.workdir ?? (run.sandboxed && !run.namesDirectory ? SANDBOX_WORKSPACE : run.directory)],
      '--',
      ...request.argv,
    ]
  }
}

/** One command beside a program. */
export class SideProcess implements Ready {
  readonly #reactor: Reactor
  readonly #roots: Set<number>
  readonly #pid: number
  readonly #pidfd: number
  #control: number
  #status: number | undefined
  readonly #ended: (status: number) => void

  constructor(reactor: Reactor, roots: Set<number>, pid: number, control: number, ended: (status: number) => void) {
    this.#reactor = reactor
    this.#roots = roots
    this.#pid = pid
    this.#control = control
    this.#ended = ended
    this.#pidfd = pidfdOpen(pid)
    roots.add(pid)
    reactor.watch(this.#pidfd, this)
    if (control >= 0) reactor.watch(control, this)
  }

  signal(number: number): void {
    if (this.#control >= 0) sys.write(this.#control, Uint8Array.of(number), 1)
    else sys.kill(-this.#pid, number)
  }

  kill(): void {
    this.signal(SIGKILL)
  }

  ready(fd: number): void {
    if (fd === this.#control) this.#hear()
    else this.#reap()
  }

  #hear(): void {
    const message = hearLauncher(this.#control)
    // A shell's codes for what cannot be run.
    if (message?.kind === 'failed') this.#status = (message.errno === 2 ? 127 : 126) << 8
    if (message?.kind === 'ended') this.#status = message.status
    if (message === undefined) this.#closeControl()
  }

  #closeControl(): void {
    this.#reactor.forget(this.#control)
    sys.close(this.#control)
    this.#control = -1
  }

  #reap(): void {
    sys.kill(-this.#pid, SIGKILL)
    sys.wait4(this.#pid, status, 0, null)
    const root = status[0]!
    while (this.#control >= 0) this.#hear()
    this.#reactor.forget(this.#pidfd)
    sys.close(this.#pidfd)
    this.#roots.delete(this.#pid)
    this.#ended(this.#status ?? root)
  }
}

/** The program in a sandbox, as the host numbers it: the child of bubblewrap's child, which is the launcher. */
function innerPidOf(bwrap: number): number | undefined {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    const stat = Number.isInteger(pid) ? statOf(pid) : undefined
    if (stat !== undefined && stat.state !== 'Z') parents.set(pid, stat.parent)
  }
  for (const [pid, parent] of parents) if (parents.get(parent) === bwrap) return pid
  return undefined
}

/** What the program was given; its own changes are not seen. Empty when it cannot be read. */
function environmentOfProgram(run: Run): Record<string, string> {
  const pid = run.control < 0 ? run.pid : ((run.sandboxed ? innerPidOf(run.pid) : childOf(run.pid)) ?? run.pid)
  try {
    const lines = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean)
    return Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    )
  } catch {
    return {}
  }
}

function childOf(parent: number): number | undefined {
  for (const name of readdirSync('/proc')) if (statOf(Number(name))?.parent === parent) return Number(name)
  return undefined
}
