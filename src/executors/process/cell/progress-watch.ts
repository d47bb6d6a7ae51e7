import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import type { Progress } from '../../../core/execution.ts'
import { PROGRESS_TAIL_BYTES, parseProgress } from '../../parse-progress.ts'
import { monotonicMs, type Reactor } from './reactor.ts'
import type { Run } from './run.ts'
import { statOrNone } from './stat-or-none.ts'
import type { Timer } from './timer-heap.ts'

/**
 * Follows the files that programs may write their progress to, `42 message` a line. Looking is cheap and rare: a stat
 * a run, once a second, twice as seldom with every thousand runs.
 */
export class ProgressWatch {
  readonly #reactor: Reactor
  readonly #runs: ReadonlyMap<string, Run>
  readonly #tell: (run: Run, progress: Progress) => void
  readonly #lastSeen = new Map<Run, string>()
  #timer: Timer | undefined

  constructor(reactor: Reactor, runs: ReadonlyMap<string, Run>, tell: (run: Run, progress: Progress) => void) {
    this.#reactor = reactor
    this.#runs = runs
    this.#tell = tell
  }

  /** Begins looking, while there are runs. */
  wake(): void {
    const everyMs = 1_000 * (1 + Math.floor(this.#runs.size / 1_000))
    this.#timer ??= this.#reactor.timers.at(monotonicMs() + everyMs, () => {
      this.#timer = undefined
      for (const run of this.#runs.values()) this.look(run)
      if (this.#runs.size > 0) this.wake()
    })
  }

  look(run: Run): void {
    if (run.progressPath === undefined) return
    const stat = statOrNone(run.progressPath)
    if (stat === undefined || !stat.isFile()) return
    const version = `${stat.mtimeMs}/${stat.size}`
    if (this.#lastSeen.get(run) === version) return
    this.#lastSeen.set(run, version)
    const progress = parseProgress(tailOf(run.progressPath), Date.now())
    if (progress !== undefined) this.#tell(run, progress)
  }

  forget(run: Run): void {
    this.#lastSeen.delete(run)
  }
}

function tailOf(path: string): string {
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch {
    return ''
  }
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile()) return ''
    const bytes = Buffer.alloc(Math.min(PROGRESS_TAIL_BYTES, stat.size))
    return bytes.toString('utf8', 0, readSync(fd, bytes, 0, bytes.length, stat.size - bytes.length))
  } finally {
    closeSync(fd)
  }
}
