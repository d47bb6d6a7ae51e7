import type { Exit } from '../../../core/exit.ts'
import { reason } from '../../../core/reason.ts'
import type { ExecCommand, FromCell } from '../protocol.ts'
import { endOf } from './exit-of.ts'
import { monotonicMs, type Reactor, type Ready } from './reactor.ts'
import type { Run } from './run.ts'
import type { SideProcess, SideProcesses } from './side-process.ts'
import { E, EPOLLOUT, errno, O_NONBLOCK, pipe, sys } from './syscalls.ts'
import type { Timer } from './timer-heap.ts'

const chunk = Buffer.allocUnsafeSlow(64 * 1024)
const F_SETFL = 4

/** Commands that a user runs inside running attempts. They end with their session, their server or their attempt. */
export class ExecSessions {
  readonly #reactor: Reactor
  readonly #sides: SideProcesses
  readonly #devNull: number
  readonly #say: (message: FromCell) => void
  readonly #sessions = new Map<number, ExecSession>()

  constructor(reactor: Reactor, sides: SideProcesses, devNull: number, say: (message: FromCell) => void) {
    this.#reactor = reactor
    this.#sides = sides
    this.#devNull = devNull
    this.#say = say
  }

  begin(session: number, run: Run | undefined, command: ExecCommand): void {
    const ended = (exit: Exit): void => {
      this.#sessions.delete(session)
      this.#say({ say: 'execExit', session, exit })
    }
    if (run?.started !== true || run.rootStatus !== undefined)
      return ended({ outcome: 'refused', reason: reason('refused_by_executor', 'the attempt does not run') })
    const output = (stream: 'stdout' | 'stderr', bytes: Buffer): void =>
      this.#say({ say: 'execOutput', session, stream, base64: bytes.toString('base64') })
    const live = new ExecSession(this.#reactor, output, ended)
    if (live.begin(this.#sides, run, command, this.#devNull)) this.#sessions.set(session, live)
    else
      ended({ outcome: 'refused', reason: reason('program_missing', `${command.argv[0]} could not be started there`) })
  }

  input(session: number, bytes: Buffer | undefined, end: boolean): void {
    this.#sessions.get(session)?.input(bytes, end)
  }

  kill(session: number): void {
    this.#sessions.get(session)?.kill()
  }

  /** The server has gone, and with it whoever looked. */
  killAll(): void {
    for (const session of this.#sessions.values()) session.kill()
  }
}

class ExecSession implements Ready {
  readonly #reactor: Reactor
  readonly #output: (stream: 'stdout' | 'stderr', bytes: Buffer) => void
  readonly #ended: (exit: Exit) => void
  #process: SideProcess | undefined
  #stdin = -1
  #stdout = -1
  #stderr = -1
  #waiting: Buffer[] = []
  #inputEnds = false
  #watchesInput = false
  #status: number | undefined
  #timedOut = false
  #timer: Timer | undefined

  constructor(
    reactor: Reactor,
    output: (stream: 'stdout' | 'stderr', bytes: Buffer) => void,
    ended: (exit: Exit) => void,
  ) {
    this.#reactor = reactor
    this.#output = output
    this.#ended = ended
  }

  begin(sides: SideProcesses, run: Run, command: ExecCommand, devNull: number): boolean {
    const out = pipe()
    const err = pipe()
    const input = command.stdin ? pipe() : undefined
    if (run.user !== undefined)
      for (const fd of [out.writeEnd, err.writeEnd]) sys.fchown(fd, run.user.uid, run.user.gid)
    const { argv, env, workdir, user } = command
    const more = { ...(workdir === undefined ? {} : { workdir }), ...(user === undefined ? {} : { user }) }
    const fds = [input?.readEnd ?? devNull, out.writeEnd, err.writeEnd] as const
    this.#process = sides.start(run, { argv, env, ...more, fds }, (status) => this.#reaped(status))
    for (const fd of [out.writeEnd, err.writeEnd, input?.readEnd]) if (fd !== undefined) sys.close(fd)
    this.#stdin = input?.writeEnd ?? -1
    this.#stdout = out.readEnd
    this.#stderr = err.readEnd
    if (this.#process === undefined) {
      for (const fd of [this.#stdin, this.#stdout, this.#stderr]) if (fd >= 0) sys.close(fd)
      return false
    }
    if (this.#stdin >= 0) sys.dup(this.#stdin, F_SETFL, O_NONBLOCK)
    for (const fd of [this.#stdout, this.#stderr]) this.#reactor.watch(fd, this)
    if (command.timeoutMs !== undefined)
      this.#timer = this.#reactor.timers.at(monotonicMs() + command.timeoutMs, () => {
        this.#timedOut = true
        this.kill()
      })
    return true
  }

  kill(): void {
    this.#process?.kill()
  }

  input(bytes: Buffer | undefined, end: boolean): void {
    if (bytes !== undefined) this.#waiting.push(bytes)
    this.#inputEnds ||= end
    this.#feed()
  }

  ready(fd: number): void {
    if (fd === this.#stdin) return this.#feed()
    const count = sys.read(fd, chunk, chunk.length)
    if (count > 0) return this.#output(fd === this.#stdout ? 'stdout' : 'stderr', chunk.subarray(0, count))
    this.#close(fd)
    if (fd === this.#stdout) this.#stdout = -1
    else this.#stderr = -1
    this.#finish()
  }

  #feed(): void {
    while (this.#stdin >= 0 && this.#waiting.length > 0) {
      const piece = this.#waiting[0]!
      const count = sys.write(this.#stdin, piece, piece.length)
      if (count < 0 && errno() === E.EAGAIN) return this.#watchInput()
      if (count < 0) return this.#closeInput()
      if (count === piece.length) this.#waiting.shift()
      else this.#waiting[0] = piece.subarray(count)
    }
    if (this.#inputEnds) this.#closeInput()
  }

  #watchInput(): void {
    if (!this.#watchesInput) this.#reactor.watch(this.#stdin, this, EPOLLOUT)
    this.#watchesInput = true
  }

  #closeInput(): void {
    if (this.#stdin < 0) return
    if (this.#watchesInput) this.#close(this.#stdin)
    else sys.close(this.#stdin)
    this.#stdin = -1
    this.#waiting = []
  }

  #close(fd: number): void {
    this.#reactor.forget(fd)
    sys.close(fd)
  }

  #reaped(status: number): void {
    this.#status = status
    this.#reactor.timers.cancel(this.#timer)
    this.#closeInput()
    this.#finish()
  }

  #finish(): void {
    if (this.#status === undefined || this.#stdout >= 0 || this.#stderr >= 0) return
    const end = endOf(this.#status)
    this.#ended(this.#timedOut ? { ...end, outcome: 'timedOut' } : end)
  }
}
