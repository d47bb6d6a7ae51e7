import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import type { Progress } from '../../../core/execution.ts'
import { monotonicMs, type Reactor } from './reactor.ts'
import type { Run } from './run.ts'
import { statOrNone } from './stat-or-none.ts'
import type { Timer } from './timer-heap.ts'

const TAIL_BYTES = 4_096
const MAX_MESSAGE = 500

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

/** The last whole line that says anything: a percentage, a message, or both. */
export function parseProgress(text: string, at: number): Progress | undefined {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const parts = /^\s*(?:(\d{1,3}(?:\.\d+)?)\s*%?(?=\s|$))?\s*(.*?)\s*$/.exec(lines.at(-1) ?? '')
  if (parts === null) return undefined
  const percent = parts[1] === undefined ? undefined : Math.min(100, Number(parts[1]))
  const message = parts[2] === '' ? undefined : parts[2]?.slice(0, MAX_MESSAGE)
  if (percent === undefined && message === undefined) return undefined
  return { at, ...(percent === undefined ? {} : { percent }), ...(message === undefined ? {} : { message }) }
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
    const bytes = Buffer.alloc(Math.min(TAIL_BYTES, stat.size))
    return bytes.toString('utf8', 0, readSync(fd, bytes, 0, bytes.length, stat.size - bytes.length))
  } finally {
    closeSync(fd)
  }
}
